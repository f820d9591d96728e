import cluster, { type Worker } from 'node:cluster';
import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { type Channel, createChannel, WORKER_VARIABLE, type WorkerSettings } from './channel.ts';
import { type Config, ConfigError } from './config/config.ts';
import { type Readiness, startAdmin } from './http/admin.ts';
import { createPrimaryState } from './state/primary-state.ts';
import type { Build } from './telemetry/build.ts';
import { createWorkerMetrics } from './telemetry/worker-metrics.ts';

/** A worker that dies within this time of its start is replaced after a pause, which doubles while the next die as fast. */
const EARLY_MS = 5_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 8_000;
/** Workers that have not ended this long after `drainTimeoutMs` are killed. */
const KILL_AFTER_MS = 1_500;

export type Workers = ReturnType<typeof startWorkers>;

interface WorkersOptions {
  readonly settings: WorkerSettings;
  readonly build: Build;
  /** How many log lines the primary process itself has dropped. */
  readonly droppedLogLines: () => number;
}

interface WorkerState {
  readonly worker: Worker;
  readonly channel: Channel;
  readonly startedAt: number;
  /** Resolves when the worker has ended, or could not be started. */
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** The problems that the worker reported when it could not start. */
  problems?: readonly string[];
  isListening?: boolean;
}

/**
 * Runs `config.workers` copies of this program, which share the GraphQL port, and replaces each that dies. The primary
 * process keeps the state that the workers share, where there is no Redis, and serves the admin listener for all of them.
 */
export function startWorkers(
  config: Config,
  log: FastifyBaseLogger,
  { settings, build, droppedLogLines }: WorkersOptions,
) {
  const serveState = createPrimaryState(config.limits);
  const metrics = createWorkerMetrics(build, droppedLogLines);
  const workers = new Set<WorkerState>();
  let stopping = false;
  let admin: FastifyInstance | undefined;

  /** Throws a `ConfigError` for some errors of the system. Node.js emits others. */
  function fork(): WorkerState {
    let worker: Worker;
    try {
      worker = cluster.fork({ [WORKER_VARIABLE]: JSON.stringify(settings) });
    } catch (error) {
      throw toConfigError(error);
    }
    closeConnectionsWithWorker(worker);
    const channel = createChannel(worker);
    serveState(channel);
    const removeMetrics = metrics.add(channel);
    const exit: WorkerState['exit'] = new Promise((resolve) => {
      worker.once('exit', (code, signal) => {
        workers.delete(entry);
        removeMetrics();
        resolve({ code, signal });
      });
    });
    const entry: WorkerState = { worker, channel, startedAt: performance.now(), exit };
    workers.add(entry);
    channel.handle<readonly string[]>('problems', (problems) => {
      entry.problems = problems;
    });
    // Without a listener, an error would end this process. `exit` follows, unless the system could not start the worker.
    worker.on('error', (error) => {
      if (worker.process.pid !== undefined) return;
      entry.problems = toConfigError(error).problems;
      worker.process.emit('exit', null, null);
    });
    return entry;
  }

  /** `pauseMs` is the time before its replacement starts, if this worker dies early. */
  async function replaceWhenDead(dead: WorkerState, pauseMs = FIRST_PAUSE_MS): Promise<void> {
    const how = await dead.exit;
    const isEarly = performance.now() - dead.startedAt < EARLY_MS;
    return replace({ worker: dead.worker.id, ...how, problems: dead.problems }, isEarly ? pauseMs : 0);
  }

  async function replace(death: object, pauseMs: number): Promise<void> {
    if (stopping) return;
    metrics.onWorkerRestart();
    log.error(death, 'a worker died and is being replaced');
    await wait(pauseMs);
    if (stopping) return;
    const nextPauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS) || FIRST_PAUSE_MS;
    let next: WorkerState;
    try {
      next = fork();
    } catch (error) {
      return replace({ problems: (error as ConfigError).problems }, nextPauseMs);
    }
    void replaceWhenDead(next, nextPauseMs);
    const { id, process } = next.worker;
    untilListening(next, log).then(
      () => log.info({ worker: id, workerPid: process.pid }, 'the new worker is listening'),
      // If the new worker ends before it listens, it is replaced too.
      () => undefined,
    );
  }

  /**
   * Resolves when all workers and the admin listener listen. Rejects when one of the first workers ends before that: with
   * its `ConfigError` where it reported one. The other workers go on until `stop`.
   */
  async function listen() {
    const first = Array.from({ length: config.workers }, fork);
    // A worker may die while another one still starts, so it is replaced from the moment it listens.
    const urls = await Promise.all(
      first.map(async (worker) => {
        const url = await untilListening(worker, log);
        void replaceWhenDead(worker);
        return url;
      }),
    );
    if (config.admin && !stopping)
      admin = await startAdmin(
        config,
        {
          isDraining: () => stopping,
          async readReadiness() {
            const ofWorkers = stopping ? undefined : await readReadiness(workers);
            const lines = ['ready: no', ...(stopping ? ['draining: yes'] : []), `version: ${build.version}`];
            return ofWorkers ?? { status: 503, text: `${lines.join('\n')}\n` };
          },
          readMetrics: metrics.read,
        },
        log,
      );
    return {
      url: urls[0] ?? '',
      adminUrl: admin?.listeningOrigin,
      workers: [...workers].map(({ worker }) => worker.process.pid),
    };
  }

  return {
    listening: listen(),
    /** Sends each worker the signal to drain, and resolves to the exit code for all: 0 when each ended cleanly. */
    async stop(): Promise<number> {
      stopping = true;
      const ends = [...workers].map(async ({ exit, isListening }) => {
        const { code, signal } = await exit;
        // A worker that does not listen yet has nothing in flight, and may not catch signals yet.
        return code ?? (isListening || signal === 'SIGKILL' ? 1 : 0);
      });
      const killAll = (signal: string) => {
        for (const { worker } of workers) worker.process.kill(signal as NodeJS.Signals);
      };
      killAll('SIGTERM');
      const timer = setTimeout(() => {
        log.error({ workers: workers.size }, 'workers did not end within DRAIN_TIMEOUT_MS: they are killed');
        killAll('SIGKILL');
      }, config.http.drainTimeoutMs + KILL_AFTER_MS);
      const codes = await Promise.all(ends);
      clearTimeout(timer);
      await admin?.close();
      return Math.max(0, ...codes);
    },
    setLogLevel(level: string): void {
      // A worker that is starting has no handler yet, and gets the level when it listens.
      for (const { channel } of workers) channel.request('log-level', level).catch(() => undefined);
    },
  };
}

function toConfigError(error: unknown): ConfigError {
  const { code } = error as NodeJS.ErrnoException;
  return new ConfigError([`The process of a worker could not be started (${code}).`]);
}

/**
 * Closes the connection that was passed to a worker which died before it replied. Node.js waits for the reply and keeps the
 * connection open, so the client would wait forever. There is one such connection at a time for each address.
 */
function closeConnectionsWithWorker(worker: Worker): void {
  const { process } = worker;
  const passed = new Map<unknown, { close(): void }>();
  const send = process.send as (...args: unknown[]) => boolean;
  process.send = (message: { act?: unknown; seq?: unknown }, ...rest: unknown[]) => {
    const [connection] = rest;
    if (message.act === 'newconn' && connection) passed.set(message.seq, connection as { close(): void });
    return send.call(process, message, ...rest);
  };
  // A connection that a draining worker rejected waits for another worker.
  process.on('internalMessage', ({ ack }: { ack?: unknown }) => passed.delete(ack));
  worker.once('exit', async () => {
    // The worker's last replies are read in the next turn of the event loop. `disconnect` is not emitted while a reply is
    // missing.
    for (let turn = 0; turn < 2; turn++) await setImmediate();
    for (const connection of passed.values()) connection.close();
  });
}

/**
 * Resolves to the worker's URL. Rejects with a `ConfigError` when it ends before it listens. The worker gets the level of
 * `log`, which may have changed since it was forked.
 */
function untilListening(entry: WorkerState, log: FastifyBaseLogger): Promise<string> {
  const { worker, channel } = entry;
  return new Promise((resolve, reject) => {
    channel.handle<string>('listening', (url) => {
      entry.isListening = true;
      resolve(url);
      channel.request('log-level', log.level).catch(() => undefined);
    });
    void entry.exit.then(({ code, signal }) => {
      const how = signal ? `signal ${signal}` : `exit code ${code}`;
      const fail = () =>
        reject(new ConfigError(entry.problems ?? [`A worker could not start: it ended with ${how}.`]));
      // The worker's report of its problems may still be in the channel.
      if (worker.isConnected()) worker.once('disconnect', fail);
      else fail();
    });
  });
}

const READINESS_TIMEOUT_MS = 6_000;

/** The readiness of the first worker that is ready, else of any worker. Undefined without a reply. */
async function readReadiness(workers: Iterable<WorkerState>): Promise<Readiness | undefined> {
  const replies = [...workers]
    .filter(({ isListening }) => isListening)
    .map(({ channel }) => channel.request<Readiness>('readiness'));
  const ready = replies.map(async (reply) => {
    if ((await reply).status !== 200) throw new Error('not ready');
    return reply;
  });
  const first = Promise.any(ready).catch(() => Promise.any(replies));
  return Promise.race([first.catch(() => undefined), wait(READINESS_TIMEOUT_MS, undefined, { ref: false })]);
}
