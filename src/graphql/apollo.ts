import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import * as disabledPlugins from '@apollo/server/plugin/disabled';
import type { FastifyBaseLogger } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Config } from '../config/config.ts';
import type { PersistedQueries } from '../state/redis-state.ts';
import { formatRequestError } from './mask-error.ts';
import type { Params } from './pipeline/params.ts';
import type { ParsedOperation, PreparedOperations } from './pipeline/prepared-operations.ts';
import { ApolloRejection } from './pipeline/response.ts';

interface ApolloParts {
  readonly schema: GraphQLSchema;
  readonly documentStore: PreparedOperations['documentStore'];
  /** If undefined, Apollo Server's own cache in memory is used. */
  readonly persistedQueries?: PersistedQueries | undefined;
}

/** Apollo Server parses and validates documents, and keeps persisted queries. It executes nothing. */
export type Apollo = Awaited<ReturnType<typeof startApollo>>;

/** Passes the operation from the hook before the execution to `parse`. Apollo Server copies it, but not the list. */
interface ApolloContext {
  readonly found: ParsedOperation[];
}

/** After this many errors, validation stops and adds one error that says so. */
const MAX_ERRORS = 4;

export async function startApollo(
  options: Pick<Config, 'introspection' | 'apq'>,
  { schema, documentStore, persistedQueries }: ApolloParts,
  log: FastifyBaseLogger,
) {
  const hidesSchema = !options.introspection;
  const server = new ApolloServer<ApolloContext>({
    schema,
    documentStore,
    logger: log,
    formatError: (formatted, error) => formatRequestError(formatted, error, hidesSchema ? undefined : schema),
    introspection: options.introspection,
    validationOptions: { maxErrors: MAX_ERRORS, hideSuggestions: hidesSchema },
    includeStacktraceInErrorResponses: false,
    // Nothing may depend on NODE_ENV, and signals belong to main.ts.
    nodeEnv: 'production',
    stopOnTerminationSignals: false,
    persistedQueries: options.apq && (persistedQueries ? { cache: persistedQueries } : {}),
    // All plugins of its own are disabled: the one for caches, for example, would wrap every resolver.
    plugins: [...Object.values(disabledPlugins).map((disable) => disable()), passOperationOn()],
  });
  await server.start();
  return {
    /** The valid operation of a request, from its text or its persisted query. Rejects with `ApolloRejection`. */
    async parse({ query, operationName, persistedQuery }: Params): Promise<ParsedOperation> {
      const found: ParsedOperation[] = [];
      // Without variables, because nothing is executed.
      const request = {
        ...(query === undefined ? {} : { query }),
        ...(operationName === undefined ? {} : { operationName }),
        extensions: { persistedQuery },
      };
      const { body } = await server.executeOperation(request, { contextValue: { found } });
      const [parsed] = found;
      if (parsed) return parsed;
      const errors = body.kind === 'single' ? body.singleResult.errors : undefined;
      // Unreachable, whatever a client sends. Only `@defer` and `@stream`, which the schema lacks, have other bodies.
      if (!errors || errors[0]?.extensions?.code === 'INTERNAL_SERVER_ERROR')
        throw new Error('Apollo Server failed');
      throw new ApolloRejection(errors);
    },
    stop: () => server.stop(),
  };
}

/** Passes the operation to `parse` in place of executing it, and responds with a stub. */
function passOperationOn(): ApolloServerPlugin<ApolloContext> {
  const stub = { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult: {} } } as const;
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ source: text, queryHash: hash, document, operation, contextValue }) {
          // If there is no operation, Apollo Server reports which one is missing.
          if (!operation || hash === undefined) return null;
          contextValue.found.push({ text, hash, document, operation });
          return stub;
        },
      };
    },
  };
}
