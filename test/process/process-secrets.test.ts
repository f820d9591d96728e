import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createKeyPair, toPem } from '../support/keys.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';

const started: GatewayProcess[] = [];
const start = (env: Record<string, string>) => {
  const process = startProcess({ PORT: '0', ...env });
  started.push(process);
  return process;
};
afterEach(() => Promise.all(started.splice(0).map((gateway) => gateway.kill())));

/** A gateway that signs in with the key in a file of this content and mode. */
function startWithKeyFile(content: string, mode: number, env: Record<string, string> = {}): GatewayProcess {
  const folder = mkdtempSync(join(tmpdir(), 'key-'));
  const file = join(folder, 'pat.pem');
  writeFileSync(file, content, { mode });
  const gateway = start({
    API_GATEWAY_URL: 'http://127.0.0.1:9',
    AUTH_MODE: 'pat',
    TOKEN_ENDPOINT: 'http://127.0.0.1:9/oauth2/token',
    TOKEN_ID: 'token',
    PROJECT_ID: 'project',
    PRIVATE_KEY_FILE: file,
    ...env,
  });
  gateway.child.once('close', () => rmSync(folder, { recursive: true }));
  return gateway;
}

describe('An unexpected error', () => {
  // What a failed request of an HTTP client carries. Thrown from outside, since no such bug is known.
  const crash = `process.on('SIGUSR2', () => {
    const secret = ['Bearer crash', 'canary'].join('-');
    const error = new Error('cannot send ' + secret);
    throw Object.assign(error, { options: { headers: { authorization: secret } } });
  });`;

  it.each([
    ['uncaughtException', crash],
    [
      'unhandledRejection',
      crash.replace('throw Object.assign', 'Promise.reject(Object.assign').replace('} });', '} }));'),
    ],
  ])(
    '(%s) ends the process with a line that says where, and holds nothing of what was sent',
    async (event, source) => {
      const gateway = start({
        EMULATOR: 'true',
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}`,
      });
      await gateway.listening();
      gateway.child.kill('SIGUSR2');
      expect(await gateway.ended).toBe(1);
      const line = gateway.output().trim().split('\n').at(-1) ?? '';
      expect(JSON.parse(line)).toMatchObject({
        level: 'fatal',
        msg: event,
        err: { type: 'Error', stack: expect.arrayContaining([expect.stringMatching(/^at /)]) },
      });
      expect(gateway.output()).not.toContain('crash-canary');
    },
  );
});

describe('A private key in a file', () => {
  const { privateKey } = createKeyPair('ES256');
  const pem = toPem(privateKey);

  it.each([
    ['that others may read (0644) is warned about', 0o644, true],
    ['of its owner alone (0600) is taken without a word', 0o600, false],
  ])('%s, and is not in the log', async (_title, mode, warns) => {
    const gateway = startWithKeyFile(pem, mode);
    await gateway.listening();
    expect(gateway.output().includes('can be read by other users: chmod 600 it')).toBe(warns);
    expect(gateway.output()).not.toContain(pem.split('\n')[1]);
  });

  it('that was set for its path is neither read nor shown in pass-through mode', async () => {
    // Without a slash, it is longer than the name of a file may be.
    const gateway = start({ EMULATOR: 'true', PRIVATE_KEY_FILE: pem.replaceAll('/', '_').repeat(2) });
    await gateway.listening();
    expect(gateway.output()).not.toContain(pem.split('\n')[1]);
  });

  it('that the passphrase does not decrypt is reported in one line without key, passphrase or path', async () => {
    const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' } as const;
    const gateway = startWithKeyFile(String(privateKey.export(cipher)), 0o600, { PASSPHRASE: 'open-sesame' });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toBe(
      'Expected PASSPHRASE to open the private key: it does not, or the key is damaged. Line ends and quotation marks are part of a passphrase.\n',
    );
  });
});
