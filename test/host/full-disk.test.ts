import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { followProcess, type GatewayProcess, MAIN } from '../support/process.ts';

let disk: string;
let gateway: GatewayProcess | undefined;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'gateway-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
});
afterEach(async () => {
  gateway?.child.kill('SIGKILL');
  await gateway?.ended;
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

describe('A disk that is full while the gateway writes its log there', () => {
  it('costs nothing but lines, and gets whole lines when it has room again', async () => {
    const port = await freePort();
    const log = join(disk, 'gateway.log');
    const ballast = join(disk, 'ballast');
    const fd = openSync(log, 'a');
    gateway = followProcess(
      spawn(process.execPath, [MAIN], {
        env: { PORT: String(port), EMULATOR: 'true', LOG_LEVEL: 'debug', RATE_LIMIT_PER_SECOND: '0' },
        stdio: ['ignore', fd, 'pipe'],
      }),
    );
    closeSync(fd);
    const list = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
        body: JSON.stringify({
          query: '{ tokens(first: 50) { nodes { projects(first: 1) { nodes { name } } } } }',
        }),
      });
      return response.text();
    };
    while (!(await list().catch(() => undefined))) await setTimeout(50);

    try {
      writeFileSync(ballast, Buffer.alloc(2_000_000));
    } catch {
      // ENOSPC: it has taken all there was.
    }
    while (!gateway.output().includes('(ENOSPC)')) expect(await list()).toContain('"data"');
    for (let count = 0; count < 5; count++) expect(await list()).toContain('"data"');
    rmSync(ballast);
    while (!readFileSync(log, 'utf8').includes('the log can be written again')) await setTimeout(50);
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    const isJson = (line: string) => line === '' || line.startsWith('  ') || JSON.parse(line);
    expect(lines.every(isJson)).toBe(true);
    expect(gateway.output().split('\n')).toHaveLength(2);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
  });
});
