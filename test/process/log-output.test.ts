import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFifo, type Fifo } from '../support/fifo.ts';
import { freePort } from '../support/free-port.ts';
import { followProcess, type GatewayProcess, MAIN } from '../support/process.ts';

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
async function untilLive(): Promise<void> {
  while (!(await isLive())) await setTimeout(20);
}
const list = async () => {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
    body: JSON.stringify({
      query: '{ tokens(first: 100) { nodes { name projects(first: 1) { nodes { name } } } } }',
    }),
  });
  return response.text();
};

/** How it ended, and after how many milliseconds. */
async function stop({ child, ended }: GatewayProcess, signal: NodeJS.Signals = 'SIGTERM') {
  const startedAt = performance.now();
  child.kill(signal);
  const code = await ended;
  return { code, ms: performance.now() - startedAt };
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
    await setTimeout(1_200);
    expect(await isLive()).toBe(true);
    expect(gateway.output()).toMatch(/^The log cannot be written to stdout \(ENOSPC\)[^\n]+\n$/);
    const { code, ms } = await stop(gateway);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(1_500);
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
    while (!gateway.output().includes('further lines are dropped')) expect(await list()).toContain('"data"');
    await list();
    const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    expect(metrics).toMatch(/^tokens_gateway_log_lines_dropped_total [1-9]/m);

    let log = '';
    while (!/"droppedLines":[1-9]\d*,"msg":"the log can be written again/.test(log)) {
      log += fifo.read();
      await setTimeout(5);
    }
    expect(gateway.output().split('\n')).toHaveLength(2);
    expect((await stop(gateway)).code).toBe(0);
  });

  it('does not hold the process at its end', async () => {
    fifo.fill();
    const gateway = start({ EMULATOR: 'true' }, { stdout: fifo.fd, stderr: fifo.fd });
    await untilLive();
    await list();
    const { code, ms } = await stop(gateway);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(1_500);
  });

  it('does not hold a process that refuses to start', async () => {
    fifo.fill();
    const startedAt = performance.now();
    const gateway = start({}, { stdout: fifo.fd, stderr: fifo.fd });
    expect(await gateway.ended).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('does not hold a process that crashes', async () => {
    fifo.fill();
    const crash = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("crash")})';
    const gateway = start(
      { EMULATOR: 'true' },
      { stdout: fifo.fd, stderr: fifo.fd, nodeArgs: ['--import', crash] },
    );
    await untilLive();
    const { code, ms } = await stop(gateway, 'SIGUSR2');
    expect(code).toBe(1);
    expect(ms).toBeLessThan(1_500);
  });

  it('does not hold workers whose primary process was killed', async () => {
    fifo.fill();
    const gateway = start({ EMULATOR: 'true', WORKERS: '2' }, { stdout: fifo.fd, stderr: fifo.fd });
    await untilLive();
    gateway.child.kill('SIGKILL');
    await gateway.ended;
    await setTimeout(2_500);
    expect(groupMembers(gateway.child.pid)).toEqual([]);
  });

  it('does not hold workers that cannot start', async () => {
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
  it.each(['1', '2'])('does not matter to a gateway with WORKERS=%s', async (WORKERS) => {
    const gateway = start({ EMULATOR: 'true', WORKERS });
    await gateway.until(/listening on/);
    gateway.child.stdout?.destroy();
    gateway.child.stderr?.destroy();
    for (let count = 0; count < 20; count++) expect(await list()).toContain('"data"');
    await setTimeout(500);
    expect(await list()).toContain('"data"');
    expect((await stop(gateway)).code).toBe(0);
    expect(groupMembers(gateway.child.pid)).toEqual([]);
  });
});

describe('A closed stdout', () => {
  it('does not matter', async () => {
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
