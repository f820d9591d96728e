import {
  ApolloServer,
  type ApolloServerPlugin,
  HeaderMap,
  type HTTPGraphQLRequest,
  type HTTPGraphQLResponse,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyBaseLogger } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Config } from '../config/config.ts';
import type { PersistedQueries } from '../state/redis-state.ts';
import { formatRequestError } from './mask-error.ts';
import { type Params, type RequestHead, toParsingRequest } from './pipeline/params.ts';
import type { ParsedOperation, PreparedOperations } from './pipeline/prepared-operations.ts';
import { ApolloRejection } from './pipeline/response.ts';

interface ApolloParts {
  readonly schema: GraphQLSchema;
  readonly documentStore: PreparedOperations['documentStore'];
  /** Undefined: Apollo's own, in memory. */
  readonly persistedQueries?: PersistedQueries | undefined;
}

/** Apollo Server as the reader of GraphQL requests. It executes nothing. */
export interface Apollo {
  start(): Promise<void>;
  /**
   * The valid operation that a request means, of the text in `params`. Rejects with `ApolloRejection`. Without `params`,
   * which means that the request is malformed, its reason says why.
   */
  parse(request: RequestHead, params: Params | undefined): Promise<ParsedOperation>;
  stop(): Promise<void>;
}

/** Passes the operation from the hook before the execution to `parse`. */
interface Context {
  onParsed(parsed: ParsedOperation): void;
}

/** The most validation errors of one response. Then validation stops and adds one error that says so. */
const MAX_ERRORS = 4;

export function createApollo(
  options: Pick<Config, 'introspection' | 'apq'>,
  { schema, documentStore, persistedQueries }: ApolloParts,
  log: FastifyBaseLogger,
): Apollo {
  const hidesSchema = !options.introspection;
  const server = new ApolloServer<Context>({
    schema,
    documentStore,
    logger: log,
    formatError: (formatted, error) => formatRequestError(formatted, error, hidesSchema ? undefined : schema),
    introspection: options.introspection,
    hideSchemaDetailsFromClientErrors: hidesSchema,
    validationOptions: { maxErrors: MAX_ERRORS, hideSuggestions: hidesSchema },
    includeStacktraceInErrorResponses: false,
    // Nothing may depend on NODE_ENV, and signals belong to main.ts.
    nodeEnv: 'production',
    stopOnTerminationSignals: false,
    ...(options.apq ? {} : { persistedQueries: false }),
    ...(options.apq && persistedQueries ? { persistedQueries: { cache: persistedQueries } } : {}),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      handOver(),
      // It would wrap every resolver; responses are never cached here.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  return {
    start: () => server.start(),
    async parse(request, params) {
      let parsed: ParsedOperation | undefined;
      const onParsed = (found: ParsedOperation) => {
        parsed = found;
      };
      const response = await server.executeHTTPGraphQLRequest({
        httpGraphQLRequest: { ...toHead(request), ...toParsingRequest(request, params) },
        context: async () => ({ onParsed }),
      });
      if (!parsed || (response.status ?? 200) !== 200) throw toRejection(response);
      return parsed;
    },
    stop: () => server.stop(),
  };
}

/** Passes the operation to `parse` in place of executing it, and responds with a stub. */
function handOver(): ApolloServerPlugin<Context> {
  const done = { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult: {} } } as const;
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ source: text, queryHash: hash, document, operation, contextValue }) {
          // Without an operation Apollo Server says which one it lacks.
          if (!operation || hash === undefined) return null;
          contextValue.onParsed({ text, hash, document, operation });
          return done;
        },
      };
    },
  };
}

/** The headers by which Apollo Server recognises cross-site requests. */
const HEADERS = ['content-type', 'x-apollo-operation-name', 'apollo-require-preflight'];

function toHead({ method, headers }: RequestHead): Pick<HTTPGraphQLRequest, 'method' | 'headers'> {
  // `toRejectionResponse` chooses the media type.
  const map = new HeaderMap([['accept', 'application/json']]);
  for (const name of HEADERS) {
    const value = headers[name];
    if (value !== undefined) map.set(name, String(value));
  }
  return { method, headers: map };
}

function toRejection(response: HTTPGraphQLResponse): ApolloRejection {
  const { errors } = JSON.parse(textOf(response));
  // Nothing that a client sends leads here.
  if (errors?.[0]?.extensions?.code === 'INTERNAL_SERVER_ERROR') throw new Error('Apollo Server failed');
  const allow = response.headers.get('allow');
  // The other headers of the response are the gateway's own.
  return new ApolloRejection(errors, response.status ?? 200, allow === undefined ? {} : { allow });
}

function textOf({ body }: HTTPGraphQLResponse): string {
  // Only `@defer` and `@stream` have incremental responses, and the schema has neither.
  if (body.kind !== 'complete') throw new Error('Apollo Server sent an incremental response');
  return body.string;
}
