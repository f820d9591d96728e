import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmulator } from '../../src/emulator/emulator.ts';
import { newToken } from '../../src/emulator/seed.ts';
import { createStore } from '../../src/emulator/store.ts';
import { EMULATOR, runEmulator } from './built.ts';
import { clientOf, validInput } from './support.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'emulator-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('With a data file', () => {
  it('creates, updates, deletes and memberships are there after a restart', async () => {
    const dataFile = path.join(folder, 'restart.json');
    const first = await startEmulator({ dataFile });
    const send = clientOf(first);
    const { body: token } = await send('POST', '/v1/tokens', { body: validInput });
    await send('PATCH', `/v1/tokens/${token.id}`, { body: { name: 'renamed' } });
    await send('DELETE', `/v1/tokens/${first.tokensOf('demo')[0]?.id}`);
    const project = await first.addProject(token.id);
    await first.close();

    const second = await startEmulator({ dataFile, seed: 'empty' });
    expect(second.tokensOf('demo')).toEqual(first.tokensOf('demo'));
    expect(second.tokensOf('demo').at(-1)?.name).toBe('renamed');
    const { body } = await clientOf(second)('GET', `/v1/tokens/${token.id}/projects`);
    expect(body.projects).toEqual([project]);
    await second.close();
  });

  it.each([
    ['no JSON', '{"version":1,"tokens":['],
    ['nothing', ''],
    ['something else', '{"lastSequence":1,"tokens":[{"id":"x"}]}'],
  ])('a file that holds %s stops the start and is left alone', async (_, text) => {
    const dataFile = path.join(folder, 'corrupt.json');
    await writeFile(dataFile, text);
    await expect(startEmulator({ dataFile })).rejects.toThrow(
      `Expected EMULATOR_DATA_FILE ${dataFile} to hold the emulator's state`,
    );
    expect(await readFile(dataFile, 'utf8')).toBe(text);
  });

  it('a folder that does not exist stops the start', async () => {
    await expect(startEmulator({ dataFile: path.join(folder, 'none/data.json') })).rejects.toMatchObject({
      message: expect.stringContaining('to be writable, got ENOENT'),
    });
  });

  it('a kill -9 among concurrent creates loses nothing that was acknowledged', async () => {
    const env = { EMULATOR_DATA_FILE: path.join(folder, 'killed.json'), EMULATOR_SEED: 'empty' };
    const acknowledged: string[] = [];
    for (const killAfter of [40, 100, 160]) {
      const emulator = await runEmulator(env);
      const send = clientOf(emulator);
      const before = acknowledged.length;
      const creates = Array.from({ length: 200 }, async () => {
        const { body } = await send('POST', '/v1/tokens', { body: validInput });
        acknowledged.push(body.id);
        if (acknowledged.length === before + killAfter) emulator.child.kill('SIGKILL');
      });
      await Promise.allSettled(creates);
      emulator.child.kill('SIGKILL');
      await emulator.ended;
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    const last = await startEmulator({ dataFile: env.EMULATOR_DATA_FILE });
    const kept = new Set(last.tokensOf('demo').map(({ id }) => id));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    await last.close();
  });

  it('concurrent writes share a write of the file', async () => {
    const saved: number[] = [];
    const store = createStore({ lastSequence: 0, tokens: [] }, async ({ tokens }) => {
      saved.push(tokens.length);
      await setImmediate();
    });
    const token = (id: number) => newToken(`${id}`, 'demo', validInput);
    const inserts = Array.from({ length: 50 }, (_, id) =>
      store.insert({ principal: 'demo', token: token(id) }),
    );
    await Promise.all(inserts);
    expect(saved).toEqual([1, 50]);
  });
});

describe('Started by itself', () => {
  it('prints a curl that works, and ends with 0 on SIGTERM', async () => {
    const emulator = await runEmulator({});
    const [, header = '', url = ''] = /curl -H '(.+?)' '(.+?)'/.exec(emulator.output()) ?? [];
    const answer = await fetch(url, { headers: [header.split(': ') as [string, string]] });
    expect(await answer.json()).toMatchObject({ tokens: [{ name: 'billing-worker' }, {}, {}] });
    emulator.child.kill('SIGTERM');
    expect(await emulator.ended).toBe(0);
  });

  it.each([
    [
      { EMULATOR_PORT: '70000' },
      'Expected EMULATOR_PORT to be a whole number from 0 to 65535, got "70000"\n',
    ],
    [{ EMULTOR_SEED: 'empty' }, 'EMULTOR_SEED is not a known variable. Did you mean EMULATOR_SEED?\n'],
    [
      { EMULATOR_SEED: 'nonsense' },
      'Expected EMULATOR_SEED to be demo, empty, large or a readable JSON file, got nonsense (ENOENT).\n',
    ],
    [
      { EMULATOR_HOST: '192.0.2.1', EMULATOR_PORT: '' },
      'Expected EMULATOR_HOST and EMULATOR_PORT to be an address of this machine, got 192.0.2.1:4010 (EADDRNOTAVAIL).\n',
    ],
    [
      { EMULATOR_HOST: ' 192.0.2.1 ', EMULATOR_PORT: ' ', EMULATOR_SEED: ' ', EMULATOR_DATA_FILE: ' ' },
      'Expected EMULATOR_HOST and EMULATOR_PORT to be an address of this machine, got 192.0.2.1:4010 (EADDRNOTAVAIL).\n',
    ],
  ])('says in one line what is wrong with %j', async (env, line) => {
    const emulator = await runEmulator(env as Record<string, string>);
    expect([await emulator.ended, emulator.output()]).toEqual([1, line]);
  });

  it('says at once all that is wrong, and ignores what is set for a gateway', async () => {
    const emulator = await runEmulator({
      EMULATOR_PORT: '4010 ',
      EMULATOR_HOST: 'http://localhost',
      EMULATOR_SEED: 'nonsense',
      EMULATOR_DATAFILE: 'data.json',
      EMULATOR: 'nonsense',
      PORT: 'nonsense',
      MAX_DEPHT: '3',
    });
    expect([await emulator.ended, emulator.output()]).toEqual([
      1,
      `EMULATOR_DATAFILE is not a known variable. Did you mean EMULATOR_DATA_FILE?
Expected EMULATOR_HOST to be a host name or an IP address without a zone, got "http://localhost"
Expected EMULATOR_SEED to be demo, empty, large or a readable JSON file, got nonsense (ENOENT).
`,
    ]);
  });

  it('names the variables to someone who calls it with arguments', () => {
    const { status, stderr } = spawnSync(process.execPath, [EMULATOR, '--port=4011'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      1,
      'Unknown argument "--port=4011": set EMULATOR_PORT, EMULATOR_HOST, EMULATOR_DATA_FILE or EMULATOR_SEED.\n',
    ]);
  });

  it('takes its data from a JSON file', async () => {
    const seed = path.join(folder, 'seed.json');
    await writeFile(
      seed,
      '{"principals":{"alice":{"tokens":[{"name":"ci-runner","projects":[{"name":"Billing"}]}]}}}',
    );
    const emulator = await startEmulator({ seed });
    const alice = clientOf(emulator, 'alice');
    const { body } = await alice('GET', '/v1/tokens');
    expect(body.tokens).toMatchObject([{ name: 'ci-runner' }]);
    const { body: page } = await alice('GET', `/v1/tokens/${body.tokens[0].id}/projects`);
    expect(page.projects).toMatchObject([{ name: 'Billing', policy: { version: '2022-12-15' } }]);
    await emulator.close();
  });

  it.each([
    ['[{"name":7}]', '(principals.alice.tokens[0].name must be string)'],
    ['[{"nmae":"ci-runner"}]', '(principals.alice.tokens[0].nmae is not a known member)'],
    [
      '[{"projects":[{},{"policy":{"statements":[]}}]}]',
      '(principals.alice.tokens[0].projects[1].policy.statements is not a known member)',
    ],
    ['[{"id":"one"},{"id":"two"},{"id":"one"}]', 'got two tokens with the id "one".'],
  ])('says where a seed with the tokens %s is wrong', async (tokens, problem) => {
    const seed = path.join(folder, 'bad-seed.json');
    await writeFile(seed, `{"principals":{"alice":{"tokens":${tokens}}}}`);
    await expect(startEmulator({ seed })).rejects.toThrow(problem);
  });
});
