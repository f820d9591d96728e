import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DAMAGED_PEM, ENCRYPTED_PEM } from '../support/config.ts';
import { freePort } from '../support/free-port.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { type GatewayProcess, MAIN, startProcess } from '../support/process.ts';

function run(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

const privateKey = toPem(createKeyPair('ES256').privateKey);

describe('The gateway, called with', () => {
  it('--help, prints its usage and where to read more', () => {
    const { status, stdout, stderr } = run(['--help']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('npm run quickstart');
    expect(stdout).toContain('docs/configuration.md');
    expect(stdout.match(/^ {2}[A-Z_]+ .+\(default: .+\)$/gm)).toHaveLength(10);
  });

  it('--version, prints its version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(run(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('--check-config, prints the effective configuration without its secrets', () => {
    const { status, stdout, stderr } = run(['--check-config'], {
      API_GATEWAY_URL: 'https://api.example.com',
      REDIS_URL: 'redis://:canary-password@localhost:6379',
      AUTH_MODE: 'pat',
      TOKEN_ENDPOINT: 'https://auth.example.com/token',
      TOKEN_ID: 'token',
      PROJECT_ID: 'project',
      PRIVATE_KEY: privateKey,
      PORT: '4100',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      listen: { host: '127.0.0.1', port: 4100 },
      upstream: { apiGatewayUrl: 'https://api.example.com' },
      redisUrl: '[secret]',
    });
    expect(stdout).not.toContain('canary');
    expect(stdout).not.toContain(privateKey.split('\n')[1]);
  });

  it.each([
    [
      { PRIVATE_KEY: DAMAGED_PEM },
      'Expected PRIVATE_KEY to be a whole private key in PEM form: it cannot be read.',
    ],
    [
      { PRIVATE_KEY: ENCRYPTED_PEM, PASSPHRASE: 'canary', PORT: 'x' },
      'Expected PORT to be a whole number from 0 to 65535, got "x"\nExpected PASSPHRASE to open the private key: it does not, or the key is damaged. Line ends and quotation marks are part of a passphrase.',
    ],
    [
      { CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: 'package.json', PORT: 'x' },
      'Expected PORT to be a whole number from 0 to 65535, got "x"\nCALLER_API_KEYS_FILE: line 1: Expected name:role:sha256hex.',
    ],
    [
      { TRUSTED_DOCUMENTS: '/no/documents.json', REDIS_URL: '"redis://cache:6379"' },
      'Expected REDIS_URL to be a redis or rediss URL such as rediss://user:password@host:6379/0, without quotation marks, and with % for reserved characters of the password, got "…"\nExpected TRUSTED_DOCUMENTS to name a file that this process can read, got ENOENT',
    ],
    [
      { EMULATOR_SEED: 'Demo' },
      'Expected EMULATOR_SEED to be demo, empty, large or a readable JSON file, got Demo (ENOENT).',
    ],
    [
      { EMULATOR_DATA_FILE: 'package.json' },
      `Expected EMULATOR_DATA_FILE package.json to hold the emulator's state, got something else (version must be 1). It was left untouched: repair it or name another file.`,
    ],
    [
      {
        EMULATOR_DATA_FILE: '/no/state.json',
        AUTH_MODE: 'pass-through',
        HOST: '192.0.2.1',
        EMULATOR_HOST: '-',
      },
      '192.0.2.1 is not an address of this machine. Set HOST to one that is.\nExpected EMULATOR_DATA_FILE /no/state.json to be writable, got ENOENT.\nThe host name - has no address. Set EMULATOR_HOST to a name or an address of this machine.',
    ],
    [
      { ADMIN_PORT: '0', ADMIN_HOST: '192.0.2.1' },
      '192.0.2.1 is not an address of this machine. Set ADMIN_HOST to one that is.',
    ],
  ])('--check-config, reports what would stop a start: %j', (env, expected) => {
    const pat = { AUTH_MODE: 'pat', TOKEN_ID: 'token', PROJECT_ID: 'project', PRIVATE_KEY: privateKey };
    const { status, stdout, stderr } = run(['--check-config'], { EMULATOR: 'true', ...pat, ...env });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.startsWith(`${expected}\n`)).toBe(true);
  });

  it('--check-config, accepts a port that a running gateway uses', async () => {
    const env = { EMULATOR: 'true', PORT: String(await freePort()) };
    const gateway = startProcess(env);
    await gateway.listening();
    const { status } = run(['--check-config'], env);
    await gateway.kill();
    expect(status).toBe(0);
  });

  it('--check-config, reports every problem and ends with 1', () => {
    const { status, stdout, stderr } = run(['--check-config'], { PORT: 'x', MAX_DEPTH: '-1' });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n')).toEqual([
      'Expected PORT to be a whole number from 0 to 65535, got "x"',
      'Expected MAX_DEPTH to be a whole number from 1 to 100, got "-1"',
      'API_GATEWAY_URL is required, or EMULATOR=true',
    ]);
  });

  it.each([[['--prot=4000']], [['4000']], [['--help', '--verbose']], [['__proto__']]])(
    '%j, rejects what it does not know',
    (args) => {
      const { status, stdout, stderr } = run(args, { EMULATOR: 'true' });
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^Unknown argument ".+": .+--help.+\n$/);
    },
  );

  it.each(['PRIVATE_KEY_FILE', 'CALLER_API_KEYS_FILE', 'TRUSTED_DOCUMENTS'])(
    '--check-config, ends also where %s names a file that has no end',
    (name) => {
      const pat = { AUTH_MODE: 'pat', TOKEN_ID: 'token', PROJECT_ID: 'project', CALLER_AUTH: 'api-key' };
      const { status, stderr } = run(['--check-config'], {
        EMULATOR: 'true',
        ...(name === 'TRUSTED_DOCUMENTS' ? {} : pat),
        // Regular, of size 0, and longer than any memory.
        [name]: '/proc/self/pagemap',
      });
      expect([status, stderr]).toEqual([1, expect.stringContaining(`Expected ${name} to name`)]);
    },
  );
});

it.each(['--disallow-code-generation-from-strings', '--jitless'])(
  'A gateway that cannot work with the option %s of Node.js says so at the start',
  async (option) => {
    const gateway = startProcess({ EMULATOR: 'true', PORT: '0' }, { nodeArgs: [option] });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toMatch(
      new RegExp(`^(Warning: .+\\n)?.+\\. Start Node.js without .*${option}.+\\n$`),
    );
  },
);

it('A certificate file that only a file of --env-file names is reported, because Node.js does not read it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'env-file-'));
  const file = join(folder, 'gateway.env');
  writeFileSync(file, `NODE_EXTRA_CA_CERTS=${join(folder, 'authorities.pem')}\n`);
  const gateway = startProcess({ EMULATOR: 'true', PORT: '0' }, { nodeArgs: [`--env-file=${file}`] });
  expect(await gateway.ended).toBe(1);
  expect(gateway.output()).toMatch(
    /^NODE_EXTRA_CA_CERTS has no effect in the file of --env-file: set it .+\n$/,
  );
  rmSync(folder, { recursive: true });
});

it('--check-config counts the open files that workers need', () => {
  const { status, stdout } = spawnSync(
    'prlimit',
    ['--nofile=300:300', process.execPath, MAIN, '--check-config'],
    { env: { EMULATOR: 'true', WORKERS: '2' }, encoding: 'utf8', timeout: 60_000 },
  );
  expect([status, stdout]).toEqual([1, '']);
});

it('A gateway with little address space serves, or says at the start what to do', async () => {
  const start = (nodeArgs: string[]) =>
    startProcess(
      { EMULATOR: 'true', PORT: '0' },
      { nodeArgs, command: ['prlimit', `--as=${8 * 1024 ** 3}`] },
    );
  const untilReady = (gateway: GatewayProcess) =>
    gateway.until(/Ready: open/).then(
      () => 'ready',
      ({ message }) => message,
    );
  const limited = start([]);
  // Node.js 20 cannot work with so little, Node.js 24 can.
  expect(await untilReady(limited)).toMatch(
    /^(ready|ended with 1: .+allocate memory\. Start Node.js .+ --disable-wasm-trap-handler\.\n)$/,
  );
  await limited.kill();
  const other = start(['--disable-wasm-trap-handler']);
  expect(await untilReady(other)).toBe('ready');
  await other.kill();
});
