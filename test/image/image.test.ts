import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import type { GatewayProcess } from '../support/process.ts';
import { provideBaseImage } from './base-image.ts';
import { build, buildah, type Container, createContainer, listLayers, startIn } from './buildah.ts';

const [, baseImage = ''] = /^FROM (\S+)/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
/** The image of another run at the same time is left alone. */
const IMAGE = `tokens-gateway:${process.pid}`;
/** The stage that adds GraphiQL or not, without the build argument. */
const NO_GRAPHIQL = `tokens-gateway:${process.pid}-no-graphiql`;
const QUERY = '{ tokens(first: 1) { edges { node { __typename } } } }';

let folder: string;
let paths: string[];
let pathsWithoutGraphiql: string[];
let image: Container;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  await provideBaseImage(baseImage);
  folder = mkdtempSync(join(tmpdir(), 'tokens-gateway-image-'));
  const context = join(folder, 'context');
  copyCheckout(context);
  await build(context, IMAGE, ['--build-arg', 'GRAPHIQL=true']);
  await build(context, NO_GRAPHIQL, ['--target', 'graphiql']);
  paths = await listLayers(IMAGE, join(folder, 'layers'));
  pathsWithoutGraphiql = await listLayers(NO_GRAPHIQL, join(folder, 'layers-without'));
  image = await createContainer(IMAGE);
}, 1_000_000);

afterAll(async () => {
  await gateway?.kill();
  if (image) await buildah('rm', image.id);
  // Neither is there where the build failed.
  await buildah('rmi', '--force', IMAGE, NO_GRAPHIQL).catch(() => undefined);
  if (folder) rmSync(folder, { recursive: true });
}, 300_000);

describe('The image', () => {
  it('is built on an exact version of Node.js 24', () => {
    expect(baseImage).toMatch(/^node:24\.\d+\.\d+-slim$/);
    const stages = [...readFileSync('Dockerfile', 'utf8').matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)];
    const names = new Set(stages.map(([, , name]) => name));
    expect(new Set(stages.map(([, from]) => from).filter((from) => !names.has(from)))).toEqual(
      new Set([baseImage]),
    );
  });

  it('adds what runs to its base, and neither sources, tests, tools, secrets nor history', () => {
    const top = new Set(paths.filter((path) => /^app\/./.test(path)).map((path) => path.split('/')[1]));
    expect(top).toEqual(new Set(['LICENSE', 'dist', 'node_modules', 'package.json', 'schema']));
    expect(paths.filter((path) => !path.startsWith('app/'))).toEqual([]);
    const unwanted = /(^|\/)(\.git|\.env|id_rsa)(\/|$)|^app\/(src|test|tools|docs)\//;
    expect(paths.filter((path) => unwanted.test(path))).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(['app/dist/main.js', 'app/schema/query.graphql']));
  });

  it('has the packages that run, and none that only development needs', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { dev?: boolean; optional?: boolean }>;
    };
    const has = new Set(paths.map((path) => path.replace(/^app\/(.*)\/$/, '$1')));
    const locked = Object.entries(packages).filter(([path]) => path !== '');
    expect(locked.filter(([path, { dev }]) => dev && has.has(path)).map(([path]) => path)).toEqual([]);
    const missing = locked.filter(([path, { dev, optional }]) => !dev && !optional && !has.has(path));
    expect(missing.map(([path]) => path)).toEqual([]);
  });

  it('has GraphiQL only with the build argument', () => {
    expect(paths).toContain('app/dist/graphiql/main.js');
    expect(pathsWithoutGraphiql.filter((path) => path.startsWith('app/dist/'))).toEqual(['app/dist/']);
  });

  it('runs as user 1000, named by its number, who can write to nothing in /app', async () => {
    expect(image.config.User).toBe('1000');
    const find = ['run', '--isolation', 'chroot', image.id, '--', 'find', '/app', '-writable'];
    expect(await buildah(...find)).toBe('');
    expect(await buildah(...find.slice(0, -3), 'id', '-u')).toBe('1000');
  });

  it('starts over a read-only root, responds, is healthy, and ends with 0 on SIGTERM', async () => {
    const port = String(await freePort());
    const env = { PORT: port, EMULATOR: 'true', EXPLORER: 'graphiql' };
    gateway = startIn(image, image.config.Cmd, env);
    await gateway.listening();
    const [uid] = readFileSync(`/proc/${gateway.child.pid}/status`, 'utf8').match(/(?<=^Uid:\t)\d+/m) ?? [];
    expect(uid).toBe('1000');
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
      body: JSON.stringify({ query: QUERY }),
    });
    expect(await response.json()).toEqual({
      data: { tokens: { edges: [{ node: { __typename: 'Token' } }] } },
    });
    const page = await fetch(`http://127.0.0.1:${port}/graphiql`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const [how, ...check] = image.config.Healthcheck.Test;
    expect(how).toBe('CMD');
    expect(await startIn(image, check, env).ended).toBe(0);
    expect(await startIn(image, check, { PORT: '1' }).ended).toBe(1);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
  });

  it('does not start before it is configured, and says what is missing', async () => {
    const unconfigured = startIn(image, image.config.Cmd);
    expect(await unconfigured.ended).toBe(1);
    expect(unconfigured.output()).toContain('API_GATEWAY_URL is required, or EMULATOR=true');
  });
});

/** What `git clone` gives, with the changes that are not committed yet, a history and a file of secrets. */
function copyCheckout(target: string): void {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  for (const path of list.split('\0')) {
    if (path !== '' && existsSync(path)) cpSync(path, join(target, path), { recursive: true });
  }
  mkdirSync(join(target, '.git'));
  writeFileSync(join(target, '.git/config'), '');
  for (const name of ['.env', 'src/.env', 'schema/.env']) writeFileSync(join(target, name), 'PASSPHRASE=x\n');
}
