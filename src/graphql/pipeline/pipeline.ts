import { hash } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import type { SingleFlight } from '../../upstream/single-flight.ts';
import type { Apollo } from '../apollo.ts';
import type { TrustedDocuments } from '../trusted-documents.ts';
import {
  applyAllowList,
  authorize,
  type Check,
  checkMethod,
  checkRequest,
  coerceVariables,
  limitCost,
} from './checks.ts';
import { coalesce, createCallLimit, type Executed, type Executor } from './execute.ts';
import { readParams } from './params.ts';
import type { PreparedOperation, PreparedOperations } from './prepared-operations.ts';
import type { PipelineRequest } from './request.ts';

interface PipelineParts {
  readonly apollo: Apollo;
  readonly trusted: TrustedDocuments | undefined;
  readonly config: Config;
  readonly prepared: PreparedOperations;
  readonly running: SingleFlight;
  readonly executor: Executor;
}

/** The checks of every operation, in order. They come before any call to IAM. `docs/architecture.md` has a row for each. */
export const operationChecks: readonly Check[] = [checkMethod, authorize, coerceVariables, limitCost];

/**
 * Runs a request through the steps to its execution, one after the other. This is the only place that rejects an operation.
 * Rejects with a `GraphQLError` that has a code, with `ApolloRejection`, or with the error of a cancelled deadline.
 */
export function createPipeline(parts: PipelineParts): (request: PipelineRequest) => Promise<Executed> {
  const { apollo, trusted, config, prepared, running, executor } = parts;
  const { limits } = config;
  const limitCalls = createCallLimit();

  return async (request) => {
    const { http, caller, record } = request;
    let params = readParams(http);
    // The rest of a body of 256 KB may take 6 MB, for as long as the operation runs.
    http.body = undefined;
    let operation: PreparedOperation;
    try {
      // Allow-list: an id becomes its text; a text that is not trusted is never parsed.
      params = applyAllowList(params, trusted, config, record);
      // The limits that need no document.
      checkRequest(params, limits);
      // Only a known caller may register a persisted query.
      if (params.query !== undefined && caller instanceof Error)
        params = { ...params, persistedQuery: undefined };
      // Prepare: from the cache; or limits of text and document, then Apollo Server, which validates, and which looks up and
      // registers persisted queries.
      operation = await prepared.prepare(params, apollo.parse);
    } catch (error) {
      if (params.query) record.document = toShortHash(hash('sha256', params.query, 'hex'));
      throw error;
    }
    record.operation = operation.operation.name?.value;
    record.kind = operation.operation.operation;
    record.document = toShortHash(operation.hash);
    const pending = { request, prepared: operation, variables: params.variables, upstreamCalls: 0 };
    for (const check of operationChecks) check(pending, config);
    // Coalesce with an identical query that the caller is running.
    const { upstreamCalls } = pending;
    return coalesce(running, pending, (deadline) =>
      limitCalls(upstreamCalls, async () => {
        // Rate limit: consumed after all checks, and only for what is executed.
        const exceeded = await request.consume(upstreamCalls);
        if (exceeded) throw exceeded;
        return executor.execute(pending, deadline);
      }),
    );
  };
}

/** The beginning of a document's hash, for log and traces. */
function toShortHash(hash: string): string {
  return hash.slice(0, 16);
}
