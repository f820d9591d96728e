import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { createAdmission } from './admission/admission.ts';
import { authenticatesNobody, createAuthenticator, type IamAddress } from './auth/authenticator.ts';
import type { Channel } from './channel.ts';
import type { Config } from './config/config.ts';
import { isLoopback } from './config/urls.ts';
import { explainConnectionFailure } from './connection-failure.ts';
import { startApollo } from './graphql/apollo.ts';
import { createGraphqlHandler } from './graphql/handler.ts';
import { createResultLimits } from './graphql/pipeline/checks.ts';
import { type ContextParts, createExecutor } from './graphql/pipeline/execute.ts';
import { createPipeline } from './graphql/pipeline/pipeline.ts';
import { createPreparedOperations } from './graphql/pipeline/prepared-operations.ts';
import { createSchema, readTypeDefs } from './graphql/schema.ts';
import { openTrustedDocuments } from './graphql/trusted-documents.ts';
import { checkReadiness, serveHealth, startAdmin } from './http/admin.ts';
import { allowOrigins, createHttpApp, listen } from './http/app.ts';
import { createClientAddress } from './http/client-address.ts';
import { createConnections } from './http/connections.ts';
import { checkGraphiql, serveGraphiql } from './http/graphiql.ts';
import { redirectToExplorer } from './http/page.ts';
import { createSandboxPage } from './http/sandbox.ts';
import { openState } from './state/open.ts';
import { createLastWriteLookUp } from './state/shared-writes.ts';
import type { Build } from './telemetry/build.ts';
import { createWarnLimit } from './telemetry/failures.ts';
import { addMetrics } from './telemetry/metrics.ts';
import { createCallLog } from './telemetry/operation-log.ts';
import { createRequestMetrics } from './telemetry/request-metrics.ts';
import { reportMetrics } from './telemetry/worker-metrics.ts';
import { createIdempotentCreate } from './tokens/idempotent-create.ts';
import { createListPrefetch } from './tokens/loaders.ts';
import { createDeadlines } from './upstream/cancellation.ts';
import { createSingleFlight } from './upstream/single-flight.ts';
import { createUpstream } from './upstream/upstream.ts';

/** The configuration, and what the process adds to it. */
interface ServerOptions extends Config {
  readonly build: Build;
  readonly iam: IamAddress;
  /** In a worker, the way to its primary process, which has the admin listener and the state of all. */
  readonly primary?: Channel | undefined;
  readonly maxConnections?: number;
  readonly droppedLogLines?: (() => number) | undefined;
  /** An `Authorization` value that works, for the explorer. Only the emulator has one. */
  readonly sampleAuthorization?: string | undefined;
}

export type Server = Awaited<ReturnType<typeof startServer>>;

/** Connects all parts of the gateway and listens. `log` is pino's. Rejects with `ConfigError`, or when a port is taken. */
export async function startServer(options: ServerOptions, log: FastifyBaseLogger) {
  const hasGraphiql = checkGraphiql(options.explorer);
  const { limits, introspection } = options;
  let draining = false;
  const isDraining = () => draining;

  const metrics = options.admin && createRequestMetrics();
  const mayWarn = createWarnLimit();
  // OpenTelemetry is large, so it is loaded only when traces are on.
  const tracing = options.tracing ? (await import('./telemetry/tracing.ts')).createTracing(log) : undefined;

  const state = await openState(options, log);
  const { persistedQueries, writes } = state;
  const lastWriteAt = writes && createLastWriteLookUp(writes);
  const runningOperations = createSingleFlight({ lastWriteAt });

  const upstream = createUpstream(options.iam.apiGatewayUrl, options.upstream, {
    onAttempt: [createCallLog(log), metrics?.onUpstreamCall],
    onUnreachable(code) {
      if (mayWarn(code)) log.warn({ cause: code, ...explainIamFailure(code) }, 'IAM cannot be reached');
    },
    onWrite: runningOperations.invalidate,
    afterWrite: writes?.report,
    lastWriteAt,
  });
  const authenticator = await createAuthenticator(options.auth, options.iam, upstream.openSignInTransport, {
    clock: Date.now,
    log,
    onSignIn(outcome, problem) {
      metrics?.onSignIn(outcome);
      upstream.onSignIn(problem);
    },
  });

  const typeDefs = readTypeDefs();
  const schema = createSchema(typeDefs, options);
  const prepared = createPreparedOperations(schema, options);
  const { documentStore } = prepared;
  const apollo = await startApollo(options, { schema, documentStore, persistedQueries }, log);
  const trusted = options.trustedDocuments && openTrustedDocuments(options.trustedDocuments, limits, log);
  const context: ContextParts = {
    client: upstream.client,
    listPrefetch: createListPrefetch(options.upstream.tokenBatchListMin),
    createOnce: createIdempotentCreate(state.records, options.http.requestDeadlineMs),
    log,
    limitResult: createResultLimits(options.upstream.maxResponseBytes),
  };
  const executor = createExecutor(schema, options.execution, context);
  const pipeline = createPipeline({
    apollo,
    trusted,
    config: options,
    prepared,
    running: runningOperations,
    executor,
  });

  const admission = createAdmission({ ...limits, shared: state.takeFromRateLimit });
  const deadlines = createDeadlines(options.http.requestDeadlineMs);
  const connections = createConnections({
    max: options.maxConnections,
    onFull() {
      if (mayWarn('connections')) log.warn(connections.counts(), CONNECTIONS_FULL);
    },
  });
  const isLoopbackOnly = isLoopback(options.listen.host) && authenticatesNobody(options.auth);
  const httpParts = { connections, isDraining, isLoopbackOnly, onResponse: metrics?.onResponse };
  const app = createHttpApp(options, httpParts, log);
  await allowOrigins(app, options.cors);
  // After CORS, so that pages of other origins may read the error.
  admission.guard(app, connections.evictLate);
  const handler = createGraphqlHandler({
    pipeline,
    page: createSandboxPage(options.explorer, options.sampleAuthorization),
    authenticator,
    admission,
    deadlines,
    clientAddress: createClientAddress(options.http.trustedProxies),
    log,
    isExplainable: introspection,
    tracing,
    onOperation: metrics?.onOperation,
  });
  app.route({ method: ['GET', 'POST'], url: '/graphql', handler });
  redirectToExplorer(app, options.explorer);
  // For tools that read the schema from a file.
  if (introspection)
    app.get('/schema.graphql', async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').send(`${typeDefs}\n`),
    );
  if (hasGraphiql) serveGraphiql(app, options.sampleAuthorization);

  const readReadiness = () =>
    checkReadiness({
      isDraining,
      isOverloaded: admission.isOverloaded,
      async whyUpstreamUnreachable() {
        const code = await upstream.whyUnreachable();
        return code === undefined ? undefined : explainIamFailure(code).problem;
      },
      whyRedisUnreachable: state.whyRedisUnreachable,
      version: options.build.version,
    });
  serveHealth(app, readReadiness);
  if (metrics)
    addMetrics(metrics.registry, options.build, () => ({
      caches: { documents: prepared.counts, compiled: executor.counts },
      singleFlights: { read: upstream.reads, operation: runningOperations.counts },
      listPrefetch: context.listPrefetch.counts,
      load: admission.load(),
      connections: connections.counts(),
      droppedLogLines: options.droppedLogLines?.() ?? 0,
      redisFailures: state.failures,
    }));

  await listen(app, options.listen);
  let admin: FastifyInstance | undefined;
  if (metrics && options.primary) {
    // The primary process has one admin listener for all workers.
    options.primary.handle('readiness', readReadiness);
    reportMetrics(metrics.registry, options.primary, log);
  } else if (metrics) {
    const readMetrics = () => metrics.registry.metrics();
    admin = await startAdmin(options, { isDraining, readReadiness, readMetrics }, log);
  }
  return {
    url: `${urlOf(app)}/graphql`,
    adminUrl: admin && urlOf(admin),
    /** In `pat` mode: logs whether IAM accepts the credential. Never rejects. */
    probe: async () => authenticator.probe?.(upstream.client),
    /** Finishes requests in flight, accepts no new ones, and resolves when both listeners are closed. */
    async close(): Promise<void> {
      draining = true;
      // Waits, so that load balancers notice `/readyz`, and connections that were not accepted yet are not reset.
      await setTimeout(options.http.drainDelayMs);
      await connections.acceptArrived(options.http.drainTimeoutMs / 8);
      await app.close();
      // A write whose client has left still needs IAM, and the state in which its outcome is recorded.
      while (deadlines.count() > 0) await setTimeout(POLL_MS);
      await apollo.stop();
      await admin?.close();
      authenticator.close();
      await upstream.close();
      state.close();
      trusted?.close();
      await tracing?.close();
    },
    /** While closing: ends requests in flight as if their deadline had passed. */
    expireRequests: deadlines.expireAll,
    /** What `close` waits for. */
    pending: () => ({ operations: deadlines.count(), ...connections.pending() }),
  };
}

const CONNECTIONS_FULL =
  'client connections are at their limit: idle ones are closed, and new ones are rejected where none is idle. Raise the limit of open files (ulimit -n), or add replicas';

/** While closing, between two looks for operations that still run. */
const POLL_MS = 20;

const explainIamFailure = (code: string) => explainConnectionFailure(code, 'API_GATEWAY_URL');

function urlOf(app: FastifyInstance): string {
  const { address, family, port } = app.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
