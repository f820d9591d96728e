import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export interface ServedConsole {
  readonly origin: string;
  close(): Promise<void>;
}

/** The built console, on one origin with the gateway, as it would be in production. */
export async function serveConsole(gatewayOrigin: string): Promise<ServedConsole> {
  const port = await freePort();
  const args = [
    'node_modules/vite/bin/vite.js',
    'preview',
    '--port',
    String(port),
    '--strictPort',
    '--host',
    '127.0.0.1',
  ];
  const child = spawn(process.execPath, args, {
    cwd: 'examples/console',
    env: { PATH: process.env.PATH, GATEWAY_URL: gatewayOrigin },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const origin = `http://127.0.0.1:${port}`;
  await until(() => {
    if (child.exitCode !== null) throw new Error('the console cannot be served: was it built?');
    return fetch(origin).catch(() => undefined);
  }, 50);
  return {
    origin,
    async close() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
