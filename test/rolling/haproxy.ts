import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';

export interface LoadBalancer {
  readonly origin: string;
  close(): Promise<void>;
}

/** Debian's HAProxy with `deploy/haproxy/haproxy.cfg` as it is, but for the addresses. */
export async function startHaproxy(ports: readonly number[]): Promise<LoadBalancer> {
  const folder = mkdtempSync(join(tmpdir(), 'tokens-gateway-haproxy-'));
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  const text = readFileSync('deploy/haproxy/haproxy.cfg', 'utf8')
    .replace(/gateway-(\d):4000/g, (_, number) => `127.0.0.1:${ports[number - 1]}`)
    .replace('bind :8080', `bind 127.0.0.1:${port}`);
  writeFileSync(file, text);
  // Without -W it is one process, which a signal to it ends.
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const ended = once(child, 'exit');
  const origin = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(complaints);
    return (await fetch(`${origin}/livez`).catch(() => undefined))?.ok;
  }, 20);
  return {
    origin,
    async close() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
