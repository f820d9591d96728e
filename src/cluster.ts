import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { createRateLimit } from './admission/token-bucket.ts';
import type { Config } from './config/config.ts';
import { startAdmin } from './http/admin.ts';
import { type Channel, createPrimaryState } from './state/ipc-store.ts';
import { mergeWorkerMetrics } from './telemetry/metrics.ts';

/** A second death within this time of its start is no accident. */
const EARLY_MS = 5_000;
const RESTART_AFTER_MS = 500;

export interface Workers {
  /** Sends each worker the signal to drain, and resolves to the highest of their exit codes. */
  stop(): Promise<number>;
}

/**
 * Runs `config.workers` copies of this program, which share the GraphQL port, and puts a new one in the place of each
 * that dies. The primary process keeps what the workers have in common, where there is no Redis, and serves the admin
 * listener for all of them. `args` are for the workers. Rejects when one of the first cannot start.
 */
export async function startWorkers(
  config: Config,
  log: FastifyBaseLogger,
  args: readonly string[],
): Promise<Workers> {
  cluster.setupPrimary({ args: [...args] });
  const state = createPrimaryState(createRateLimit(config.limits).take);
  let stopping = false;

  const fork = (): Worker => {
    const worker = cluster.fork();
    state.serve(channelOf(worker));
    return worker;
  };
  const replace = (worker: Worker, startedAt: number) => {
    worker.once('exit', (code, signal) => {
      if (stopping) return;
      log.error({ worker: worker.id, code, signal }, 'a worker died, and another takes its place');
      const delayMs = performance.now() - startedAt < EARLY_MS ? RESTART_AFTER_MS : 0;
      setTimeout(() => stopping || replace(fork(), performance.now()), delayMs);
    });
  };

  const first = Array.from({ length: config.workers }, fork);
  await Promise.all(first.map(untilListening));
  for (const worker of first) replace(worker, performance.now());
  const isDraining = () => stopping;
  const admin =
    config.admin &&
    (await startAdmin(
      config,
      {
        isDraining,
        addHealth: (app) => addHealth(app, config.listen, isDraining),
        readMetrics: mergeWorkerMetrics(),
      },
      log,
    ));
  log.info({ workers: config.workers, adminPort: config.admin?.port }, 'all workers are listening');

  return {
    async stop() {
      stopping = true;
      const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
      const ended = workers.map((worker) => once(worker, 'exit') as Promise<[number | null]>);
      for (const worker of workers) worker.process.kill('SIGTERM');
      const codes = (await Promise.all(ended)).map(([code]) => code ?? 1);
      await admin?.close();
      return Math.max(0, ...codes);
    },
  };
}

/** What it wrote about why it ended went to the same place as the rest. */
function untilListening(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('listening', () => resolve());
    worker.once('exit', () => reject(new Error('a worker could not start')));
  });
}

function channelOf(worker: Worker): Channel {
  return {
    send: (message) => {
      // A failure to send goes to the callback. Without one it is an `error` event, which would end this process.
      if (worker.isConnected()) worker.send(message as object, () => {});
    },
    onMessage: (listener) => worker.on('message', listener),
  };
}

/** The answers are those of a worker: whichever gets the question, they know the same. */
function addHealth(app: FastifyInstance, listen: Config['listen'], isDraining: () => boolean): void {
  app.get('/livez', { exposeHeadRoute: true }, async (_request, reply) =>
    reply.type('text/plain').send('ok\n'),
  );
  app.get('/readyz', { exposeHeadRoute: true }, async (_request, reply) => {
    const { code, text } = isDraining() ? DRAINING : await askWorker(listen);
    return reply.code(code).type('text/plain').send(text);
  });
}

const DRAINING = { code: 503, text: 'ready: no\ndraining: yes\n' };
const ASK_MS = 6_000;

async function askWorker({ host, port }: Config['listen']): Promise<typeof DRAINING> {
  try {
    const name = host.includes(':') ? `[${host}]` : host;
    const answer = await fetch(`http://${name}:${port}/readyz`, { signal: AbortSignal.timeout(ASK_MS) });
    return { code: answer.status, text: await answer.text() };
  } catch {
    return { code: 503, text: 'ready: no\n' };
  }
}
