import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyBaseLogger } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { PersistedQueries } from '../../state/persisted-queries.ts';
import type { Context } from '../context.ts';
import { formatError } from '../mask-error.ts';
import { callerGuard } from '../pipeline/authorize.ts';
import { variableCheck } from '../pipeline/coerce-variables.ts';
import { createExecution, execution } from '../pipeline/execute.ts';
import type { Executor } from '../pipeline/executor.ts';
import type { OperationLimits } from '../pipeline/limit-error.ts';
import { operationLimits } from '../pipeline/prepare.ts';
import { createKnownOperations, type KnownOperations } from '../pipeline/prepared-operations.ts';
import { findDocument, trustedDocuments } from '../pipeline/trusted-documents.ts';
import type { TrustedDocuments } from '../trusted-documents.ts';
import type { DocumentStore } from './document-cache.ts';
import { explain } from './explain.ts';
import { createBugLog, operationReport } from './operation-record.ts';
import { explorer } from './sandbox.ts';
import { responseStatus } from './status-code.ts';

interface ApolloOptions {
  readonly introspection: boolean;
  readonly explorer: 'sandbox' | 'graphiql' | 'both' | 'off';
  readonly sampleAuthorization?: string | undefined;
  /** Automatic persisted queries. */
  readonly apq: boolean;
  readonly limits: OperationLimits;
  readonly execution: { readonly maxDocuments: number };
}

interface ApolloParts {
  readonly schema: GraphQLSchema;
  readonly executor: Executor;
  readonly documentStore: DocumentStore;
  /** Undefined: Apollo's own, in memory. */
  readonly persistedQueries?: PersistedQueries | undefined;
  /** Undefined: any document may run. */
  readonly documents?: TrustedDocuments | undefined;
}

/** Of one answer. Beyond these, validation stops and says so with one error more. */
const MAX_ERRORS = 4;

/** Apollo Server as an ordered list of plugins, one concern each; and what it is not asked for a second time. */
export function createApollo(
  options: ApolloOptions,
  { schema, executor, documentStore, persistedQueries, documents }: ApolloParts,
  log: FastifyBaseLogger,
): { readonly apollo: ApolloServer<Context>; readonly known: KnownOperations } {
  const logBugs = createBugLog(log);
  const execute = createExecution({ execute: executor.execute, formatError, onErrors: logBugs });
  const known = createKnownOperations({
    schema,
    limits: options.limits,
    execute,
    maxDocuments: options.execution.maxDocuments,
    textOf: (body) => findDocument(body, documents),
    onHit: documentStore.countHit,
  });
  const apollo = new ApolloServer<Context>({
    schema,
    documentStore,
    logger: log,
    formatError,
    introspection: options.introspection,
    hideSchemaDetailsFromClientErrors: !options.introspection,
    validationOptions: { maxErrors: MAX_ERRORS, hideSuggestions: !options.introspection },
    includeStacktraceInErrorResponses: false,
    // Nothing may depend on NODE_ENV, and signals belong to main.ts.
    nodeEnv: 'production',
    stopOnTerminationSignals: false,
    ...(options.apq ? {} : { persistedQueries: false }),
    ...(options.apq && persistedQueries ? { persistedQueries: { cache: persistedQueries } } : {}),
    plugins: [
      explorer(options),
      ...(documents ? [trustedDocuments(documents)] : []),
      operationLimits(options.limits),
      callerGuard(),
      variableCheck(schema),
      execution(execute, known),
      responseStatus(),
      operationReport(logBugs),
      ...(options.introspection ? [explain()] : []),
      // It would wrap every resolver; answers are never cached here.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  return { apollo, known };
}
