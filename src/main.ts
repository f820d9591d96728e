import cluster from 'node:cluster';
import { readFileSync, statSync } from 'node:fs';
import { destination, pino } from 'pino';
import { toAuthOptions } from './auth/options.ts';
import { startWorkers } from './cluster.ts';
import { type Config, ConfigError, readConfig } from './config/config.ts';
import type { Emulator } from './emulator/emulator.ts';
import { type Server, startServer } from './server.ts';
import type { Channel } from './state/ipc-store.ts';
import { describeBug } from './telemetry/describe-error.ts';

type EmulatorAddress = Pick<Emulator, 'url' | 'tokenEndpoint'>;

/** The emulator's principal with the sample data. */
const SAMPLE_AUTHORIZATION = 'Bearer demo';

const EXPLORERS = {
  sandbox: [['/graphql', 'Apollo Sandbox']],
  graphiql: [['/graphiql', 'GraphiQL']],
  both: [
    ['/graphql', 'Apollo Sandbox'],
    ['/graphiql', 'GraphiQL'],
  ],
  off: [],
} as const;

// No line holds a header. Should one ever, it does not hold this.
const lines = destination({ sync: false, minLength: 16_000 });
const log = pino({ level: 'info', redact: ['authorization', '*.authorization', '*.*.authorization'] }, lines);
// Written in one go with others, and soon: a write for each request would cost as much as some of their work.
setInterval(() => lines.flush(), 100).unref();

/** In a worker: the way to its primary process. */
const toPrimary: Channel = {
  // A failure to send goes to the callback. Without one it is an `error` event, which would end this process.
  send: (message) => process.send?.(message, undefined, undefined, () => {}),
  onMessage: (listener) => process.on('message', listener),
};

// Node's own report would print the error with all its members: a request's headers, for one.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    log.fatal({ err: describeBug(error) }, event);
    process.exit(1);
  });
}

try {
  const config = readConfig(process.env, (path) => readFileSync(path, 'utf8'));
  log.level = config.logLevel;
  if (config.workers > 1 && cluster.isPrimary) await runPrimary(config);
  else await run(config);
} catch (error) {
  // One line per problem, and no stack: what is wrong is in the environment, not in the code.
  const problems =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exit(1);
}

/** The emulator is the primary's: each worker would have its own tokens. */
async function runPrimary(config: Config): Promise<void> {
  warnAboutKeyFile(process.env.PRIVATE_KEY_FILE);
  const emulator = config.emulator && (await startEmulator(config.emulator));
  const workers = await startWorkers(config, log, emulator ? [emulator.url, emulator.tokenEndpoint] : []);
  onSignal(async () => {
    const exitCode = await workers.stop();
    await emulator?.close();
    process.exit(exitCode);
  });
}

/** Loaded where it is wanted only: in production nothing of it is in memory. */
async function startEmulator(options: NonNullable<Config['emulator']>): Promise<Emulator> {
  const emulator = await import('./emulator/emulator.ts');
  return emulator.startEmulator(options);
}

/** In a worker: the emulator of its primary process. */
function readEmulatorOfPrimary(): EmulatorAddress | undefined {
  const [url, tokenEndpoint] = process.argv.slice(2);
  return url && tokenEndpoint ? { url, tokenEndpoint } : undefined;
}

async function run(config: Config): Promise<void> {
  if (!cluster.isWorker) warnAboutKeyFile(process.env.PRIVATE_KEY_FILE);
  const own = config.emulator && !cluster.isWorker ? await startEmulator(config.emulator) : undefined;
  const emulator = own ?? readEmulatorOfPrimary();
  const apiGatewayUrl = config.upstream.apiGatewayUrl ?? emulator?.url ?? '';
  const server = await startServer(
    {
      ...config,
      upstream: { ...config.upstream, apiGatewayUrl },
      auth: toAuthOptions(config.auth, { apiGatewayUrl, tokenEndpoint: emulator?.tokenEndpoint }),
      primary: cluster.isWorker ? toPrimary : undefined,
      sampleAuthorization: emulator && config.auth.mode === 'pass-through' ? SAMPLE_AUTHORIZATION : undefined,
    },
    log,
  );
  onSignal(() => shutDown(server, own, config.http.drainTimeoutMs));
  if (isFirstOfItsKind()) announce(server, config, emulator);
  await server.probe();
}

/** Of several workers one says it for all, and not again when it is replaced. */
function isFirstOfItsKind(): boolean {
  return cluster.worker === undefined || cluster.worker.id === 1;
}

/** A second signal changes nothing: the first is being obeyed, and the drain has its limit. */
function onSignal(stop: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info({ signal }, 'shutting down');
      stop().catch((error) => {
        log.error({ err: describeBug(error) }, 'shutting down failed');
        process.exit(1);
      });
    });
  }
}

/** Of the drain, for the answers to what was given up. */
const LAST_WORDS_MS = 500;

async function shutDown(
  server: Server,
  emulator: Emulator | undefined,
  drainTimeoutMs: number,
): Promise<void> {
  let exitCode = 0;
  const giveUp = () => {
    exitCode = 1;
    log.error('requests were still running near the end of DRAIN_TIMEOUT_MS: they are answered as timed out');
    server.giveUp();
  };
  setTimeout(giveUp, Math.max(drainTimeoutMs - LAST_WORDS_MS, drainTimeoutMs / 2)).unref();
  setTimeout(() => process.exit(1), drainTimeoutMs).unref();
  try {
    await server.close();
    await emulator?.close();
    process.exit(exitCode);
  } catch (error) {
    log.error({ err: describeBug(error) }, 'shutting down failed');
    process.exit(1);
  }
}

function announce(server: Server, config: Config, emulator: EmulatorAddress | undefined): void {
  log.info({ url: server.url, admin: server.adminUrl, auth: config.auth.mode }, `listening on ${server.url}`);
  if (!emulator) return;
  const query = '{ tokens(first: 3) { nodes { id name projects(first: 2) { nodes { name } } } } }';
  const lines = [
    '',
    `  Ready: open ${new URL(EXPLORERS[config.explorer][0]?.[0] ?? '/graphql', server.url)} in a browser, or paste the curl below.`,
    '',
    `  GraphQL        ${server.url}`,
    ...EXPLORERS[config.explorer].map(
      ([path, name]) => `  Explorer       ${new URL(path, server.url)}  (${name})`,
    ),
    `  IAM emulator   ${emulator.url}/iam`,
    `  Authorization  ${SAMPLE_AUTHORIZATION}`,
    '',
    `  curl -s ${server.url} -H 'content-type: application/json' -H 'authorization: ${SAMPLE_AUTHORIZATION}' \\`,
    `    -d '${JSON.stringify({ query })}'`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Whoever can read the key file is the token. */
function warnAboutKeyFile(path: string | undefined): void {
  if (!path) return;
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if (mode & 0o077) log.warn('PRIVATE_KEY_FILE can be read by other users: chmod 600 it');
}
