import { type ChildProcess, spawn } from 'node:child_process';

/** Built by `tools/test.mjs`, because Node.js 20 does not run TypeScript. */
export const EMULATOR = 'dist/emulator/main.js';

export interface RunningEmulator {
  readonly process: ChildProcess;
  readonly url: string;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}

/** Starts the built emulator on a free port; resolves when it has said where it listens. */
export async function runEmulator(env: Record<string, string>): Promise<RunningEmulator> {
  const child = spawn(process.execPath, [EMULATOR], { env: { EMULATOR_PORT: '0', ...env } });
  let output = '';
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve) => {
    const read = (chunk: Buffer): void => {
      output += chunk;
      const [found] = /http:\/\/[\d.]+:\d+/.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    void exit.then(() => resolve(''));
  });
  return { process: child, url, output: () => output, exit };
}
