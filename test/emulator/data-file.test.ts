import {
  link as hardLink,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { TOKEN } from '../support/token.ts';
import { runEmulator } from './built.ts';
import { clientOf, validInput } from './support.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'data-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

const started: Emulator[] = [];
const start = async (dataFile: string, onProblem?: (problem: string) => void): Promise<Emulator> => {
  const emulator = await startEmulator({ dataFile, seed: 'empty', ...(onProblem && { onProblem }) });
  started.push(emulator);
  return emulator;
};
afterEach(async () => {
  for (const emulator of started.splice(0)) await emulator.close();
});
const create = (emulator: { url: string }) => clientOf(emulator)('POST', '/v1/tokens', { body: validInput });

describe('A data file with another hard link', () => {
  it('is replaced under its own name', async () => {
    const dataFile = path.join(folder, 'hard.json');
    const other = path.join(folder, 'hard-other.json');
    await (await start(dataFile)).close();
    await hardLink(dataFile, other);
    const before = await readFile(other, 'utf8');

    const { body } = await create(await start(dataFile));
    expect(await readFile(dataFile, 'utf8')).toContain(body.id);
    expect(await readFile(other, 'utf8')).toBe(before);
  });
});

it('A folder in place of a data file is rejected', async () => {
  await expect(start(folder)).rejects.toThrow('not a regular file');
});

describe('Two emulators on one data file', () => {
  it('the second does not start, and the first loses nothing', async () => {
    const dataFile = path.join(folder, 'shared.json');
    const first = await start(dataFile);
    const { body } = await create(first);
    const second = await runEmulator({ EMULATOR_DATA_FILE: dataFile });
    expect(await second.ended).toBe(1);
    expect(second.output()).toBe(
      `EMULATOR_DATA_FILE ${dataFile} is in use by the emulator with process id ${process.pid}. Stop it, or name another file.\n`,
    );
    await expect(start(dataFile)).rejects.toThrow('is in use');
    await first.close();
    expect((await start(dataFile)).tokensOf('demo')).toMatchObject([{ id: body.id }]);
  });

  it('of several that start at once, one starts', async () => {
    const dataFile = path.join(folder, 'race.json');
    await writeFile(`${dataFile}.lock`, '999999999 1');
    const all = await Promise.all(
      [1, 2, 3, 4].map(() => runEmulator({ EMULATOR_DATA_FILE: dataFile, EMULATOR_SEED: 'empty' })),
    );
    const running = all.filter(({ url }) => url !== '');
    for (const { child } of running) child.kill('SIGKILL');
    expect(running).toHaveLength(1);
  });

  it('after a kill -9 the next one starts, also with the same process id', async () => {
    const dataFile = path.join(folder, 'killed.json');
    const killed = await runEmulator({ EMULATOR_DATA_FILE: dataFile, EMULATOR_SEED: 'empty' });
    const { body } = await create(killed);
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect((await start(dataFile)).tokensOf('demo')).toMatchObject([{ id: body.id }]);
    await started.splice(0)[0]?.close();
    await writeFile(`${dataFile}.lock`, `${process.pid} 1`);
    expect((await start(dataFile)).tokensOf('demo')).toMatchObject([{ id: body.id }]);
  });
});

describe('A data file that cannot be written', () => {
  it('rejects the write, says so, and keeps in memory what the file has', async () => {
    const dataFile = path.join(folder, 'broken.json');
    const problems: string[] = [];
    const emulator = await start(dataFile, (problem) => problems.push(problem));
    const send = clientOf(emulator);
    const { body: kept } = await create(emulator);
    const saved = await readFile(dataFile, 'utf8');
    // A folder cannot be replaced by a file, not even by root.
    await rm(dataFile);
    await mkdir(dataFile);

    const answers = await Promise.all([
      create(emulator),
      send('PATCH', `/v1/tokens/${kept.id}`, { body: { name: 'renamed' } }),
      send('PATCH', `/v1/tokens/${kept.id}`, { body: { name: 'renamed again' } }),
    ]);
    answers.push(await send('DELETE', `/v1/tokens/${kept.id}`));
    expect(answers.map(({ status }) => status)).toEqual([500, 500, 500, 500]);
    expect(emulator.tokensOf('demo')).toEqual([kept]);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toBe(
      `Expected EMULATOR_DATA_FILE ${dataFile} to be writable, got EISDIR. The write was rejected.`,
    );
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);

    await rm(dataFile, { recursive: true });
    await writeFile(dataFile, saved);
    expect((await create(emulator)).status).toBe(200);
    await emulator.close();
    expect((await start(dataFile)).tokensOf('demo').map(({ id }) => id)).toContain(kept.id);
  });
});

describe('Writing a data file', () => {
  it('leaves no temporary file, also not that of a process that was killed', async () => {
    const own = await mkdtemp(path.join(folder, 'leftover-'));
    const dataFile = path.join(own, 'data.json');
    await writeFile(`${dataFile}.tmp`, '{"version":1,"tok');
    const emulator = await start(dataFile);
    await create(emulator);
    await emulator.close();
    expect(await readdir(own)).toEqual(['data.json']);
  });

  it('does not write through a link that somebody left in place of the temporary file', async () => {
    const own = await mkdtemp(path.join(folder, 'link-'));
    const other = path.join(own, 'other');
    await writeFile(other, 'other');
    await symlink(other, path.join(own, 'data.json.tmp'));
    await (await start(path.join(own, 'data.json'))).close();
    expect(await readFile(other, 'utf8')).toBe('other');
  });
});

describe('A data file that is not what it should be', () => {
  const token = (id: string, sequence: number) => ({
    sequence,
    principal: 'demo',
    memberships: [],
    token: { ...TOKEN, id },
  });

  it.each([
    ['of a version to come', { version: 2, members: {} }, 'version must be 1'],
    [
      'with an id twice',
      { version: 1, lastSequence: 2, tokens: [token('a', 1), token('a', 2)] },
      'two tokens with the id "a"',
    ],
    [
      'with a place twice',
      { version: 1, lastSequence: 2, tokens: [token('a', 1), token('b', 1)] },
      'tokens out of order',
    ],
  ])('(%s) stops the start and is left alone', async (name, content, problem) => {
    const dataFile = path.join(folder, `${name}.json`);
    await writeFile(dataFile, JSON.stringify(content));
    await expect(start(dataFile)).rejects.toThrow(problem);
    expect(await readFile(dataFile, 'utf8')).toBe(JSON.stringify(content));
  });
});
