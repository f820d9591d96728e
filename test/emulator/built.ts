import { spawn } from 'node:child_process';
import { followProcess, type GatewayProcess } from '../support/process.ts';

/** Built by `tools/test.mjs`, because Node.js 20 does not run TypeScript. */
export const EMULATOR = 'dist/emulator/main.js';

/** Starts the built emulator on a free port. `url` is empty if it ends before it listens. */
export async function runEmulator(env: Record<string, string>): Promise<GatewayProcess & { url: string }> {
  const emulator = followProcess(
    spawn(process.execPath, [EMULATOR], { env: { EMULATOR_PORT: '0', ...env } }),
  );
  const [url] = await emulator.until(/http:\/\/[\d.]+:\d+/).catch(() => ['']);
  return { ...emulator, url };
}
