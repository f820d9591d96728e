import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ConfigError, readConfig } from '../../src/config/config.ts';
import { startEmulator } from '../../src/emulator/emulator.ts';
import { readTextFile } from '../../src/text-file.ts';
import { PAT, PEM } from '../support/config.ts';
import { ownCpuMs } from '../support/cpu.ts';

const folder = mkdtempSync(join(tmpdir(), 'text-file-'));
const at = (name: string) => join(folder, name);
const socket = createServer();
beforeAll(async () => {
  execFileSync('mkfifo', [at('pipe')]);
  mkdirSync(at('folder'));
  symlinkSync(at('pipe'), at('link-to-pipe'));
  symlinkSync('/dev/zero', at('link-to-device'));
  await new Promise<void>((resolve) => socket.listen(at('socket'), resolve));
  writeFileSync(at('key.pem'), PEM);
  writeFileSync(at('marked.pem'), `\ufeff${PEM}`);
  symlinkSync(at('key.pem'), at('link-to-key'));
  writeFileSync(at('64k'), PEM.padEnd(65_536));
  writeFileSync(at('64k-and-one'), PEM.padEnd(65_537));
  writeFileSync(at('17m'), '{'.padEnd(17 * 1024 * 1024));
  writeFileSync(at('huge'), '');
  execFileSync('truncate', ['-s', '3G', at('huge')]);
});
afterAll(() => {
  socket.close();
  rmSync(folder, { recursive: true });
});

const { PRIVATE_KEY: _, ...WITHOUT_KEY } = PAT;
const VARIABLES = {
  PRIVATE_KEY_FILE: WITHOUT_KEY,
  CALLER_API_KEYS_FILE: { ...PAT, CALLER_AUTH: 'api-key' },
  TRUSTED_DOCUMENTS: PAT,
};
type Name = keyof typeof VARIABLES;

function problemsOf(name: Name, path: string): readonly string[] {
  const before = ownCpuMs();
  try {
    readConfig({ ...VARIABLES[name], [name]: path }, readTextFile);
    return [];
  } catch (error) {
    expect(ownCpuMs() - before).toBeLessThan(2000);
    return (error as ConfigError).problems;
  }
}

describe.each(Object.keys(VARIABLES) as Name[])('%s', (name) => {
  it.each(['pipe', 'folder', 'link-to-pipe', 'link-to-device', '/dev/zero', '/dev/null', '/dev/random'])(
    'that names no regular file (%s) is a problem, and nothing waits',
    (path) => {
      expect(problemsOf(name, path.startsWith('/') ? path : at(path))).toEqual([
        `Expected ${name} to name a file that this process can read, got one that is not a regular file`,
      ]);
    },
  );

  it.each([
    ['missing', 'ENOENT'],
    ['socket', 'ENXIO'],
    ['key.pem/below', 'ENOTDIR'],
    ['n'.repeat(300), 'ENAMETOOLONG'],
  ])('that cannot be read (%s) is a problem, whose cause is shown', (path, code) => {
    expect(problemsOf(name, at(path))).toEqual([
      `Expected ${name} to name a file that this process can read, got ${code}`,
    ]);
  });

  it.each(['17m', 'huge'])('that names a file which is too large (%s) is a problem', (path) => {
    const most = name === 'TRUSTED_DOCUMENTS' ? '16384 KB' : '64 KB';
    expect(problemsOf(name, at(path))).toEqual([
      `Expected ${name} to name a file that this process can read, got one that is too large: ${most} at most`,
    ]);
  });
});

describe('A file of a key', () => {
  it.each(['key.pem', 'marked.pem', 'link-to-key', '64k'])('(%s) is read', (path) => {
    expect(problemsOf('PRIVATE_KEY_FILE', at(path))).toEqual([]);
  });

  it('of one byte more than 64 KB is rejected', () => {
    expect(problemsOf('PRIVATE_KEY_FILE', at('64k-and-one'))).toEqual([
      'Expected PRIVATE_KEY_FILE to name a file that this process can read, got one that is too large: 64 KB at most',
    ]);
  });

  it('that the system creates while it is read has a size limit too', () => {
    expect(readTextFile('/proc/self/status', 65_536)).toContain('Name:');
    expect(() => readTextFile('/proc/self/status', 16)).toThrow('too large');
  });
});

describe('The files of the emulator', () => {
  it.each(['pipe', 'folder', '/dev/zero'])('are regular files (%s)', async (path) => {
    const name = path.startsWith('/') ? path : at(path);
    const rejected = expect.objectContaining({ message: expect.stringContaining('not a regular file') });
    await expect(startEmulator({ seed: name })).rejects.toEqual(rejected);
    await expect(startEmulator({ dataFile: name })).rejects.toEqual(rejected);
  });

  it('have a size limit', async () => {
    const rejected = expect.objectContaining({ message: expect.stringContaining('too large') });
    await expect(startEmulator({ seed: at('huge') })).rejects.toEqual(rejected);
    await expect(startEmulator({ dataFile: at('huge') })).rejects.toEqual(rejected);
  });
});
