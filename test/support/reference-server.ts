import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { type ExecutionResult, execute, GraphQLError, parse, validate } from 'graphql';
import { pino } from 'pino';
import { createPassThroughAuthenticator } from '../../src/auth/authenticator.ts';
import { readConfig } from '../../src/config/config.ts';
import { toFieldError } from '../../src/errors.ts';
import { createContext } from '../../src/graphql/pipeline/execute.ts';
import type { PipelineRequest } from '../../src/graphql/pipeline/request.ts';
import { createSchema, readTypeDefs } from '../../src/graphql/schema.ts';
import { createMemoryRecords } from '../../src/state/records.ts';
import { createOperationRecord } from '../../src/telemetry/operation-log.ts';
import { createIdempotentCreate } from '../../src/tokens/idempotent-create.ts';
import { createListPrefetch } from '../../src/tokens/loaders.ts';
import { createDeadlines } from '../../src/upstream/cancellation.ts';
import { createUpstream } from '../../src/upstream/upstream.ts';
import { TIME_ENOUGH } from './gateway.ts';
import { listen } from './tcp-servers.ts';

/** Error of a reference result, as far as the gateway's must be the same. Without a code: an error of graphql-js itself. */
export interface ReferenceFailure {
  readonly message: string;
  readonly path: readonly (string | number)[] | undefined;
  readonly code: string | undefined;
}

export interface Reference {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * graphql-js over HTTP with the gateway's schema and resolvers, and nothing else of it: no pipeline, no limits, no
 * compilation. Any `Authorization` that the emulator accepts will do.
 */
export async function startReference(apiGatewayUrl: string, env: Record<string, string>): Promise<Reference> {
  const config = readConfig({ API_GATEWAY_URL: apiGatewayUrl, ...TIME_ENOUGH, ...env }, () => '');
  const schema = createSchema(readTypeDefs(), { federation: true });
  const upstream = createUpstream(apiGatewayUrl, config.upstream, { onAttempt: [], onWrite() {} });
  const authenticator = createPassThroughAuthenticator();
  const parts = {
    client: upstream.client,
    listPrefetch: createListPrefetch(config.upstream.tokenBatchListMin),
    createOnce: createIdempotentCreate(createMemoryRecords()),
    log: pino({ level: 'silent' }),
  };
  const run = async (body: string, authorization: string | undefined): Promise<ExecutionResult> => {
    const { query, variables, operationName } = JSON.parse(body);
    const document = parse(query);
    const errors = validate(schema, document);
    if (errors.length > 0) return { errors: errors.map(toValidationError) };
    const deadline = createDeadlines(config.http.requestDeadlineMs).start();
    const caller = await authenticator.authenticate(authorization);
    const request = {
      http: { id: 'reference', headers: {} },
      record: createOperationRecord(),
    } as unknown as PipelineRequest;
    const contextValue = { ...createContext(parts, caller, request, deadline), countChars() {} };
    try {
      return await execute({ schema, document, operationName, variableValues: variables, contextValue });
    } finally {
      deadline.end();
    }
  };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { data, errors } = await run(body, request.headers.authorization);
    const isMutation = JSON.parse(body).query.startsWith('mutation');
    const failures = errors?.map((error) => describe(error, isMutation));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data, ...(failures ? { errors: failures } : {}) }));
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await upstream.close();
    },
  };
}

function toValidationError({ message }: GraphQLError): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
}

function describe(error: GraphQLError, isMutation: boolean): ReferenceFailure {
  const { message, extensions } = toFieldError(error, isMutation);
  return { message, path: error.path, code: extensions.code as string | undefined };
}
