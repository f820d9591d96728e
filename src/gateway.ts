import cluster from 'node:cluster';
import { statSync } from 'node:fs';
import type { Channel, WorkerSettings } from './channel.ts';
import { startWorkers, type Workers } from './cluster.ts';
import type { Config } from './config/config.ts';
import { drain } from './drain.ts';
import type { Emulator } from './emulator/emulator.ts';
import type { Signals } from './signals.ts';
import { type Build, readBuild } from './telemetry/build.ts';
import { describeError } from './telemetry/failures.ts';
import { createLog, type Log, nextLevel, toReadableLine } from './telemetry/log.ts';
import type { Output } from './telemetry/output.ts';

/** The emulator's principal with the sample data. */
const SAMPLE_AUTHORIZATION = 'Bearer demo';

/** The process, as the entry of the program prepared it. */
interface ProcessParts {
  readonly config: Config;
  readonly maxConnections: number;
  readonly output: Output;
  readonly signals: Signals;
  /** Settings of a worker, and the channel to its primary process. Undefined in other processes. */
  readonly worker: (WorkerSettings & { readonly primary: Channel }) | undefined;
  onCrash(report: (event: string, error: unknown) => void): void;
}

interface Running extends ProcessParts {
  readonly build: Build;
  readonly log: Log;
  readonly emulator: Emulator | undefined;
}

/**
 * Runs the gateway until a signal stops it: in this process, or in workers. Resolves when it listens. Rejects with
 * `ConfigError` for problems that the user can solve.
 */
export async function runGateway(parts: ProcessParts): Promise<void> {
  // A stop signal waits for the handlers of what is started here.
  parts.signals.handle({ onStop() {} });
  const build = readBuild();
  const log = openLog(parts, build.version);
  parts.signals.handle({
    onUsr1: () => log.warn('SIGUSR1 is ignored: to debug, start Node.js with --inspect'),
  });
  if (parts.worker) return runServer({ ...parts, build, log, emulator: undefined });
  warnAboutKeyFile(parts.config.auth, log);
  // With workers, it runs in the primary process, because otherwise each of them would have its own tokens.
  const emulator = await startEmulator(parts);
  await (parts.config.workers > 1 ? runPrimary : runServer)({ ...parts, build, log, emulator });
}

function openLog({ config, output, onCrash }: ProcessParts, version: string): Log {
  const log = createLog({
    level: config.logLevel,
    version,
    write: config.logFormat === 'text' ? (line) => output.log.write(toReadableLine(line)) : output.log.write,
  });
  onCrash((event, error) => log.fatal({ err: describeError(error) }, event));
  output.onRecovery((droppedLines) => {
    log.warn({ droppedLines }, 'the log can be written again: lines were dropped meanwhile');
  });
  return log;
}

async function runPrimary(parts: Running): Promise<void> {
  const { config, log, emulator, signals } = parts;
  const workers = startWorkers(config, log, {
    build: parts.build,
    droppedLogLines: parts.output.log.dropped,
    settings: { emulator: emulator && { url: emulator.url, tokenEndpoint: emulator.tokenEndpoint } },
  });
  let isStopping = false;
  signals.handle({
    async onStop(signal) {
      isStopping = true;
      log.info({ signal }, 'shutting down: waiting for the workers');
      const exitCode = await workers.stop();
      await emulator?.close();
      log.info({ exitCode }, 'drained');
      await parts.output.end(exitCode);
    },
    onUsr2() {
      changeLevel(log, nextLevel(log.level, config.logLevel));
      workers.setLogLevel(log.level);
    },
  });
  try {
    const listening = await workers.listening;
    if (!isStopping) announce(parts, listening);
  } catch (error) {
    // Workers that were stopped while they started did not fail.
    if (isStopping) return;
    await workers.stop();
    throw error;
  }
}

async function runServer(parts: Running): Promise<void> {
  const { config, log, emulator } = parts;
  const address = emulator ?? parts.worker?.emulator;
  // Loaded on demand, because a primary process serves no requests and needs few packages.
  const { startServer } = await import('./server.ts');
  const server = await startServer(
    {
      ...config,
      iam: {
        apiGatewayUrl: config.upstream.apiGatewayUrl ?? address?.url ?? '',
        tokenEndpoint: address?.tokenEndpoint,
      },
      build: parts.build,
      primary: parts.worker?.primary,
      maxConnections: parts.maxConnections,
      droppedLogLines: parts.output.log.dropped,
      sampleAuthorization: address && config.auth.mode === 'pass-through' ? SAMPLE_AUTHORIZATION : undefined,
    },
    log,
  );
  let isStopping = false;
  const stop = (reason: object) => {
    if (isStopping) return;
    isStopping = true;
    log.info(reason, 'shutting down');
    void drain(server, emulator, config.http.drainTimeoutMs, log, parts.output);
  };
  if (parts.worker) followPrimary(parts, parts.worker.primary, stop);
  else
    parts.signals.handle({
      onStop: (signal) => stop({ signal }),
      onUsr2: () => changeLevel(log, nextLevel(log.level, config.logLevel)),
    });
  if (parts.worker) await parts.worker.primary.request('listening', server.url);
  else if (!isStopping) announce(parts, server);
  await server.probe();
}

/** Lets a worker stop, and change its log level, with its primary process. */
function followPrimary({ log, signals }: Running, primary: Channel, stop: (reason: object) => void): void {
  signals.handle({
    onStop: (signal) => stop({ signal }),
    onUsr2: () =>
      log.info(`SIGUSR2 is ignored: send it to process ${process.ppid}, which changes all workers`),
  });
  primary.handle<string>('log-level', (level) => level !== log.level && changeLevel(log, level));
  cluster.worker?.once('disconnect', () => {
    // Without this, Node.js would end the process at once, with requests in flight.
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
    stop({ reason: 'the primary process is gone' });
  });
}

/** Logs one line, and prints the next steps for people who try the gateway over its emulator. */
function announce(
  { config, build: { revision, node }, log, output, emulator }: Running,
  { url, adminUrl, workers }: Partial<Awaited<Workers['listening']>> & { readonly url: string },
): void {
  log.info({ url, adminUrl, workers, auth: config.auth.mode, revision, node }, `listening on ${url}`);
  if (emulator) output.log.write(bannerOf(url, emulator.url, config));
}

const SANDBOX = ['/graphql', 'Apollo Sandbox'] as const;
const GRAPHIQL = ['/graphiql', 'GraphiQL, works without the internet'] as const;
const EXPLORERS = { sandbox: [SANDBOX], graphiql: [GRAPHIQL], both: [SANDBOX, GRAPHIQL], off: [] };

function bannerOf(url: string, emulatorUrl: string, { auth, explorer }: Config): string {
  const query = '{ tokens(first: 3) { nodes { id name projects(first: 2) { nodes { name } } } } }';
  const pages = EXPLORERS[explorer];
  // `URL` rejects an address with a zone, such as `fe80::1%eth0`.
  const origin = url.replace('/graphql', '');
  const [first] = pages;
  const open = first ? `open ${origin}${first[0]} in a browser, or ` : '';
  const caller = auth.mode === 'pass-through' ? SAMPLE_AUTHORIZATION : `Bearer <${auth.callerAuth.kind}>`;
  const needsNoCredential = auth.mode === 'pat' && auth.callerAuth.kind === 'none';
  const header = needsNoCredential ? '' : ` -H 'authorization: ${caller}'`;
  return `
  Ready: ${open}paste the curl below.

  GraphQL        ${url}
${pages.map(([path, name]) => `  Explorer       ${origin}${path}  (${name})\n`).join('')}  IAM emulator   ${emulatorUrl}/iam
  Authorization  ${needsNoCredential ? 'not needed' : caller}

  curl -s ${url} -H 'content-type: application/json'${header} \\
    -d '${JSON.stringify({ query })}'

`;
}

function changeLevel(log: Log, next: string): void {
  const announceChange = () => log.info({ logLevel: next }, 'the log level has changed');
  // Logged at whichever of the two levels shows the line.
  const isShown = log.isLevelEnabled('info');
  if (isShown) announceChange();
  log.level = next;
  if (!isShown) announceChange();
}

/** Undefined if the configuration has none. Loaded on demand: production processes do not load the emulator. */
async function startEmulator({ config, output }: ProcessParts): Promise<Emulator | undefined> {
  if (!config.emulator) return undefined;
  const emulator = await import('./emulator/emulator.ts');
  return emulator.startEmulator({ ...config.emulator, onProblem: output.writeError });
}

/** Warns about the mode of the key file, because everybody who can read it can use the token. */
function warnAboutKeyFile(auth: Config['auth'], log: Log): void {
  if (auth.mode === 'pass-through' || auth.privateKeyFile === undefined) return;
  const mode = statSync(auth.privateKeyFile, { throwIfNoEntry: false })?.mode ?? 0;
  if (mode & 0o077) log.warn('PRIVATE_KEY_FILE can be read by other users: chmod 600 it');
}
