import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFifo, type Fifo } from '../support/fifo.ts';
import { freePort } from '../support/free-port.ts';
import { childrenOf, followProcess, type GatewayProcess, MAIN } from '../support/process.ts';
import { timed } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';

type Stdio = number | 'pipe';

let fifo: Fifo;
let port: number;
const started: ChildProcess[] = [];
beforeEach(async () => {
  fifo = createFifo();
  port = await freePort();
});
afterEach(() => {
  // Workers are in the same group, whether they still have a primary process or not.
  for (const { pid = 0 } of started.splice(0)) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // All have ended.
    }
  }
  fifo.remove();
});

interface Streams {
  readonly stdout?: Stdio;
  readonly stderr?: Stdio;
  readonly nodeArgs?: readonly string[];
}

/** In a process group of its own. */
function start(
  env: Record<string, string>,
  { stdout = 'pipe', stderr = 'pipe', nodeArgs = [] }: Streams = {},
): GatewayProcess {
  const child = spawn(process.execPath, [...nodeArgs, MAIN], {
    env: { PORT: String(port), RATE_LIMIT_PER_SECOND: '0', ...env },
    stdio: ['ignore', stdout, stderr],
    detached: true,
  });
  started.push(child);
  return followProcess(child);
}

const isLive = () =>
  fetch(`http://127.0.0.1:${port}/livez`).then(
    ({ ok }) => ok,
    () => false,
  );
const untilLive = () => until(isLive);
const ask = async (query: string) => {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
    body: JSON.stringify({ query }),
  });
  return response.text();
};
const list = () => ask('{ tokens(first: 1) { nodes { name } } }');
/** Costs a hundred lines at the log level debug. */
const listProjects = () =>
  ask('{ tokens(first: 100) { nodes { name projects(first: 1) { nodes { name } } } } }');

/** How it ended, and after how many milliseconds in which it could run. */
async function stop({ child, ended }: GatewayProcess, signal: NodeJS.Signals = 'SIGTERM') {
  child.kill(signal);
  const { value, ownMs } = await timed(ended, child.pid);
  return { code: value, ownMs };
}

/** Process ids of the group that `leader` leads, without those that have ended and wait for their parent. */
function groupMembers(leader: number | undefined): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      // After the name, which may hold anything: state, parent, group (proc(5)).
      const [state, , group] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return state !== 'Z' && Number(group) === leader;
    } catch {
      return false;
    }
  });
}

describe('stdout on a full disk', () => {
  it('does not affect the service, is reported once on stderr, and does not delay the end', async () => {
    const full = openSync('/dev/full', 'w');
    const gateway = start({ EMULATOR: 'true' }, { stdout: full });
    closeSync(full);
    await untilLive();
    for (let count = 0; count < 5; count++) expect(await list()).toContain('"data"');
    await gateway.until(/ENOSPC/);
    await setTimeout(1_200);
    expect(await isLive()).toBe(true);
    expect(gateway.output()).toMatch(/^The log cannot be written to stdout \(ENOSPC\)[^\n]+\n$/);
    const { code, ownMs } = await stop(gateway);
    expect(code).toBe(0);
    expect(ownMs).toBeLessThan(1_500);
  });
});

describe('A log reader that stops', () => {
  it('costs log lines, which are counted, and nothing else', async () => {
    const adminPort = await freePort();
    fifo.fill();
    const gateway = start(
      { EMULATOR: 'true', ADMIN_PORT: String(adminPort), LOG_LEVEL: 'debug' },
      { stdout: fifo.fd },
    );
    await untilLive();
    await until(async () => {
      expect(await listProjects()).toContain('"data"');
      return gateway.output().includes('further lines are dropped');
    });
    await list();
    const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    expect(metrics).toMatch(/^tokens_gateway_log_lines_dropped_total [1-9]/m);

    let log = '';
    await until(() => {
      log += fifo.read();
      return /"droppedLines":[1-9]\d*,"msg":"the log can be written again/.test(log);
    });
    expect(gateway.output().split('\n')).toHaveLength(2);
    expect((await stop(gateway)).code).toBe(0);
  });

  it('does not delay the end of the process', async () => {
    fifo.fill();
    const gateway = start({ EMULATOR: 'true' }, { stdout: fifo.fd, stderr: fifo.fd });
    await untilLive();
    await list();
    const { code, ownMs } = await stop(gateway);
    expect(code).toBe(0);
    expect(ownMs).toBeLessThan(1_500);
  });

  it('does not keep a process from ending when it cannot start', async () => {
    fifo.fill();
    const { value, ownMs } = await timed(start({}, { stdout: fifo.fd, stderr: fifo.fd }).ended);
    expect(value).toBe(1);
    expect(ownMs).toBeLessThan(10_000);
  });

  it('does not keep a crashing process from ending', async () => {
    fifo.fill();
    const crash = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("crash")})';
    const gateway = start(
      { EMULATOR: 'true' },
      { stdout: fifo.fd, stderr: fifo.fd, nodeArgs: ['--import', crash] },
    );
    await untilLive();
    const { code, ownMs } = await stop(gateway, 'SIGUSR2');
    expect(code).toBe(1);
    expect(ownMs).toBeLessThan(1_500);
  });

  it('does not keep workers from ending when their primary process was killed', async () => {
    fifo.fill();
    const gateway = start({ EMULATOR: 'true', WORKERS: '2' }, { stdout: fifo.fd, stderr: fifo.fd });
    await untilLive();
    gateway.child.kill('SIGKILL');
    await gateway.ended;
    await until(() => groupMembers(gateway.child.pid).length === 0);
  });

  it('delays neither requests nor the end where workers share a socket and one of them has ended', async () => {
    // A stream of a child process is a socket.
    const gateway = start({ EMULATOR: 'true', WORKERS: '2', LOG_LEVEL: 'debug' });
    const { child } = gateway;
    await gateway.listening();
    const [worker = 0] = childrenOf(child);
    child.stdout?.pause();
    for (let count = 0; count < 20; count++) await listProjects();
    process.kill(worker, 'SIGTERM');
    await until(() => !groupMembers(child.pid).includes(String(worker)));
    for (let count = 0; count < 5; count++) expect(await listProjects()).toContain('"data"');
    child.kill('SIGTERM');
    await until(() => groupMembers(child.pid).length === 0);
  });

  it('does not keep workers from ending when they cannot start', async () => {
    fifo.fill();
    const other = start({ EMULATOR: 'true' });
    await untilLive();
    const gateway = start({ EMULATOR: 'true', WORKERS: '2' }, { stdout: fifo.fd, stderr: fifo.fd });
    expect(await gateway.ended).toBe(1);
    expect(groupMembers(gateway.child.pid)).toEqual([]);
    expect((await stop(other)).code).toBe(0);
  });
});

describe('A log reader that leaves', () => {
  it.each(['1', '2'])('does not affect a gateway with WORKERS=%s', async (WORKERS) => {
    const gateway = start({ EMULATOR: 'true', WORKERS });
    await gateway.listening();
    gateway.child.stdout?.destroy();
    gateway.child.stderr?.destroy();
    for (let count = 0; count < 20; count++) expect(await list()).toContain('"data"');
    await setTimeout(500);
    expect(await list()).toContain('"data"');
    expect((await stop(gateway)).code).toBe(0);
    expect(groupMembers(gateway.child.pid)).toEqual([]);
  });
});

describe('An embedded emulator whose data file cannot be written', () => {
  it('rejects the write, and does not end the gateway when nobody reads stderr', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-data-'));
    const gateway = start({ EMULATOR: 'true', EMULATOR_DATA_FILE: join(folder, 'data.json') });
    await gateway.listening();
    const [, id] = /"id":"([^"]+)/.exec(await ask('{ tokens(first: 1) { nodes { id } } }')) ?? [];
    rmSync(folder, { recursive: true });
    gateway.child.stderr?.destroy();
    const deletion = `mutation { deleteToken(input: { id: "${id}" }) { deletedTokenId } }`;
    for (let count = 0; count < 3; count++) expect(await ask(deletion)).toContain('UPSTREAM_ERROR');
    expect(await list()).toContain('"data"');
    expect((await stop(gateway)).code).toBe(0);
  });
});

describe('A closed stdout', () => {
  it('does not affect the service or its exit code', async () => {
    const child = spawn('sh', ['-c', `exec '${process.execPath}' '${MAIN}' >&- 2>&-`], {
      env: { PORT: String(port), EMULATOR: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    started.push(child);
    const gateway = followProcess(child);
    await untilLive();
    expect(await list()).toContain('"data"');
    expect((await stop(gateway)).code).toBe(0);
  });
});
