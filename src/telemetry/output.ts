import { accessSync, constants } from 'node:fs';
import { openLogDestination } from './log-destination.ts';

export type Output = ReturnType<typeof openOutput>;

const MAX_SIZE = 4 * 1024 * 1024;
/** Lines that cannot be written within this time are lost at the end. */
const END_MS = 500;

/** Opens stdout for the log and stderr for problems. Called once. */
export function openOutput() {
  let recovered: (dropped: number) => void = () => {};
  const errors = openLogDestination(2, { maxSize: MAX_SIZE });
  const writeError = (line: string) => errors.write(`${line}\n`);
  const log = openLogDestination(1, {
    maxSize: MAX_SIZE,
    onProblem(cause) {
      writeError(
        `The log cannot be written to stdout (${cause}). Up to ${MAX_SIZE >> 20} MiB of lines wait until it can; further lines are dropped and counted.`,
      );
    },
    onRecovery: (dropped) => recovered(dropped),
  });
  return {
    log,
    writeError,
    /** The listener is called when the log works again, with the number of dropped lines. */
    onRecovery(listener: (dropped: number) => void): void {
      recovered = listener;
    },
    /** Ends the process with this exit code when its lines are written, at the latest after half a second. */
    async end(exitCode: number): Promise<never> {
      await Promise.all([log.flush(END_MS), errors.flush(END_MS)]);
      // `process.exit` would wait for a disk, or a name server, that does not respond.
      const isWriting = log.isWriting() || errors.isWriting();
      if (isWriting || process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap')) endAtOnce(exitCode);
      if (isWriting) process.kill(process.pid, 'SIGKILL');
      process.exit(exitCode);
    },
  };
}

/**
 * Ends the process without waiting for its threads: it becomes a program that only exits. Returns where that is not
 * possible: before Node.js 22.15, with `--permission`, and when the file of Node.js was removed, for which `execve` would
 * abort.
 */
function endAtOnce(exitCode: number): void {
  const { execve } = process as { execve?: (file: string, args: readonly string[], env: object) => never };
  try {
    accessSync(process.execPath, constants.X_OK);
    execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${exitCode})`], {});
  } catch {}
}
