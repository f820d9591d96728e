import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { followSteps, type Image, readSteps } from './dockerfile.ts';

/** `nobody` of every system, when this runs as root; else whoever runs it has no privileges anyway. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

let folder: string;
let image: Image;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokens-gateway-image-'));
  chmodSync(folder, 0o755);
  const context = join(folder, 'context');
  copyCheckout(context);
  image = followSteps(readSteps('Dockerfile'), { context, folder });
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('The image', () => {
  it('is built on an exact version of Node.js 24', () => {
    expect(image.baseImage).toMatch(/^node:24\.\d+\.\d+-slim$/);
  });

  it('holds what runs, and neither sources, tests nor tools', () => {
    const has = (path: string) => existsSync(join(image.workdir, path));
    expect(['dist/main.js', 'schema', 'package.json'].filter(has)).toHaveLength(3);
    expect(['src', 'test', '.git', '.env', 'docs', 'Dockerfile', 'package-lock.json'].filter(has)).toEqual(
      [],
    );
    const { devDependencies, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(Object.keys(devDependencies).filter((name) => has(`node_modules/${name}`))).toEqual([]);
    expect(Object.keys(dependencies).filter((name) => !has(`node_modules/${name}`))).toEqual([]);
  });

  it('is built from no more than .dockerignore lets through', () => {
    const copied = readSteps('Dockerfile')
      .filter(({ instruction, value }) => instruction === 'COPY' && !value.startsWith('--from'))
      .flatMap(({ value }) => value.split(' ').slice(0, -1));
    const [everything, ...allowed] = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => /^[*!]/.test(line));
    expect(everything).toBe('*');
    expect(allowed.map((line) => line.slice(1)).sort()).toEqual(copied.sort());
  });

  it('runs as a user without privileges, who is named by number', () => {
    expect(image.user).toMatch(/^[1-9]\d*$/);
  });

  it('starts as that user, answers, is healthy, and ends with 0 on SIGTERM', async () => {
    const port = String(await freePort());
    const env = { PATH: process.env.PATH ?? '', ...image.env, PORT: port, EMULATOR: 'true' };
    const gateway = start(image.command, env);
    const exited = once(gateway, 'exit');
    try {
      await waitFor(() => fetch(`http://127.0.0.1:${port}/livez`).then(({ ok }) => ok));
      const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
        body: JSON.stringify({ query: '{ tokens(first: 1) { edges { node { __typename } } } }' }),
      });
      expect(await answer.json()).toEqual({
        data: { tokens: { edges: [{ node: { __typename: 'Token' } }] } },
      });
      const [command = '', ...args] = image.healthCheck;
      expect(spawnSync(command, args, { env, ...unprivileged }).status).toBe(0);
      expect(spawnSync(command, args, { env: { ...env, PORT: '1' }, ...unprivileged }).status).toBe(1);
    } finally {
      gateway.kill('SIGTERM');
    }
    expect(await exited).toEqual([0, null]);
  }, 60_000);

  it('is off limits from outside until it is told its upstream', () => {
    const [command = '', ...args] = image.command;
    const { status, stderr, stdout } = spawnSync(command, args, {
      cwd: image.workdir,
      env: { PATH: process.env.PATH ?? '', ...image.env },
      encoding: 'utf8',
      ...unprivileged,
    });
    expect(status).toBe(1);
    expect(stdout + stderr).toContain('API_GATEWAY_URL is required, or EMULATOR=true');
  });
});

/** What `git clone` would give, with the changes that are not committed yet. */
function copyCheckout(target: string): void {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  for (const path of list.split('\0')) {
    if (path !== '' && existsSync(path)) cpSync(path, join(target, path), { recursive: true });
  }
}

function start([command = '', ...args]: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(command, args, {
    cwd: image.workdir,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
    ...unprivileged,
  });
}

/** Waits for a process that tells nobody when it is ready. */
async function waitFor(isReady: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 20_000;
  while (!(await isReady().catch(() => false))) {
    if (Date.now() > giveUpAt) throw new Error('The gateway did not become ready in 20 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
