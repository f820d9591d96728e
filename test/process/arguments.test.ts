import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { MAIN } from '../support/process.ts';

function run(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

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
      PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----\ncanary-key\n-----END PRIVATE KEY-----',
      PORT: '4100',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      listen: { host: '127.0.0.1', port: 4100 },
      upstream: { apiGatewayUrl: 'https://api.example.com' },
      redisUrl: '[secret]',
    });
    expect(stdout).not.toContain('canary');
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
    '%j, refuses what it does not know',
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
