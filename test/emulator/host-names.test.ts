import { describe, expect, it } from '@jest/globals';
import { startEmulator } from '../../src/emulator/emulator.ts';
import { sendRaw } from '../support/raw.ts';
import { shareEmulator } from '../support/share.ts';

/** `fetch` cannot choose its `Host`. */
async function statusOf(url: string, host: string, line = 'GET /iam/v1/tokens'): Promise<number | undefined> {
  const head = [`${line} HTTP/1.1`, `host: ${host}`, 'authorization: demo', 'connection: close', '', ''];
  return (await sendRaw(url, head.join('\r\n'))).status;
}

const emulator = shareEmulator();

describe('An emulator on a loopback address', () => {
  it.each([
    'rebound.example',
    'rebound.example:4010',
    'localhost.rebound.example',
    '127.0.0.1.rebound.example',
    '10.0.0.7:4010',
    '0.0.0.0',
    '[2001:db8::1]:4010',
    'a b',
  ])('serves no page that points the name %j at it', async (host) => {
    expect(await statusOf(emulator.url, host)).toBe(421);
    expect(await statusOf(emulator.url, host, 'DELETE /iam/v1/tokens/x')).toBe(421);
    expect(await statusOf(emulator.url, host, 'GET /_emulator/calls')).toBe(421);
    expect(emulator.calls).toEqual([]);
  });

  it.each(['localhost', 'LOCALHOST.:80', 'iam.localhost:4010', '127.0.0.1:1', '127.1', '[::1]:4010'])(
    'serves %s',
    async (host) => {
      expect(await statusOf(emulator.url, host)).toBe(200);
    },
  );
});

it('An emulator on all addresses serves every name', async () => {
  const open = await startEmulator({ port: 0, host: '0.0.0.0' });
  expect(await statusOf(open.url.replace('0.0.0.0', '127.0.0.1'), 'iam.example')).toBe(200);
  await open.close();
});
