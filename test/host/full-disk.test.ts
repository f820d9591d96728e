import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { followProcess, type GatewayProcess, MAIN } from '../support/process.ts';
import { until } from '../support/until.ts';

let disk: string;
let gateway: GatewayProcess | undefined;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'gateway-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
});
afterEach(async () => {
  await gateway?.kill();
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

describe('A disk that is full while the gateway writes its log there', () => {
  it('costs only log lines, and gets whole lines when it has room again', async () => {
    const log = join(disk, 'gateway.log');
    const ballast = join(disk, 'ballast');
    const fd = openSync(log, 'a');
    gateway = followProcess(
      spawn(process.execPath, [MAIN], {
        env: { PORT: '0', EMULATOR: 'true', LOG_LEVEL: 'debug', RATE_LIMIT_PER_SECOND: '0' },
        stdio: ['ignore', fd, 'pipe'],
      }),
    );
    closeSync(fd);
    const url = await readUrl(log, gateway);
    const list = async () => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
        body: JSON.stringify({
          query: '{ tokens(first: 50) { nodes { projects(first: 1) { nodes { name } } } } }',
        }),
      });
      return response.text();
    };

    try {
      writeFileSync(ballast, Buffer.alloc(2_000_000));
    } catch {
      // ENOSPC: it has taken all there was.
    }
    const { output } = gateway;
    await until(async () => {
      expect(await list()).toContain('"data"');
      return output().includes('(ENOSPC)');
    });
    for (let count = 0; count < 5; count++) expect(await list()).toContain('"data"');
    rmSync(ballast);
    await until(() => readFileSync(log, 'utf8').includes('the log can be written again'), 50);
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    const isJson = (line: string) => line === '' || line.startsWith('  ') || JSON.parse(line);
    expect(lines.every(isJson)).toBe(true);
    expect(gateway.output().split('\n')).toHaveLength(2);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
  });
});

/** The URL in the log file, once the gateway listens. */
function readUrl(log: string, { child, output }: GatewayProcess): Promise<string> {
  return until(() => {
    if (child.exitCode !== null) throw new Error(output());
    return /listening on (http:\S+\/graphql)/.exec(readFileSync(log, 'utf8'))?.[1];
  }, 50);
}
