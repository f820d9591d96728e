import type { FastifyBaseLogger } from 'fastify';
import type { Emulator } from './emulator/emulator.ts';
import type { Server } from './server.ts';
import { describeError } from './telemetry/failures.ts';
import type { Output } from './telemetry/output.ts';

/** The last part of the drain, in which requests that are still running get error responses. */
const EXPIRE_MS = 500;
const REPORT_EVERY_MS = 1_000;

/** Waits for requests in flight, then ends the process. Never rejects. */
export async function drain(
  server: Server,
  emulator: Emulator | undefined,
  drainTimeoutMs: number,
  log: FastifyBaseLogger,
  output: Output,
): Promise<void> {
  let exitCode = 0;
  setInterval(() => log.info(server.pending(), 'still shutting down: waiting for requests'), REPORT_EVERY_MS);
  const expire = () => {
    const pending = server.pending();
    // A request that did not arrive completely was not started, so nothing is lost.
    if (isOnlyIncomplete(pending))
      log.info(pending, 'incomplete requests did not arrive in time: they are not run');
    else {
      exitCode = 1;
      log.error(
        pending,
        'requests were not finished near the end of DRAIN_TIMEOUT_MS: operations that still run end with UPSTREAM_TIMEOUT',
      );
    }
    server.expireRequests();
  };
  setTimeout(expire, Math.max(drainTimeoutMs - EXPIRE_MS, drainTimeoutMs / 2));
  setTimeout(() => {
    const pending = server.pending();
    const isClean = exitCode === 0 && isOnlyIncomplete(pending);
    log[isClean ? 'info' : 'error'](pending, 'DRAIN_TIMEOUT_MS is over: open connections are closed');
    void output.end(isClean ? 0 : 1);
  }, drainTimeoutMs);
  try {
    await server.close();
    await emulator?.close();
    log.info({ exitCode }, 'drained');
  } catch (error) {
    log.error({ err: describeError(error) }, 'shutting down failed');
    exitCode = 1;
  }
  await output.end(exitCode);
}

function isOnlyIncomplete({
  requests,
  operations,
  incompleteRequests,
}: ReturnType<Server['pending']>): boolean {
  return requests === 0 && operations === 0 && incompleteRequests > 0;
}
