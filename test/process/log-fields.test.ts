import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { post } from '../support/gateway.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { sendRaw } from '../support/raw.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACE = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };
const LIST = { query: '{ tokens(first: 1) { nodes { projects(first: 1) { nodes { name } } } } }' };
/** Other spellings of the fields, as logs often have them. */
const OTHER_SPELLINGS =
  /^(req(uest)?_?id|trace_?id|ms|duration(_?ms)?|elapsed|response_?time|attempts?|retry|try)$/i;
const KNOWN = new Set(['requestId', 'traceId', 'durationMs', 'attempt']);

let gateway: GatewayProcess;
afterEach(() => gateway.kill());

describe('Every line of the log', () => {
  it.each(['1', '2'])('has the same names for the same things (WORKERS=%s)', async (workers) => {
    gateway = startProcess({
      EMULATOR: 'true',
      EXPLORER: 'off',
      PORT: workers === '1' ? '0' : String(await freePort()),
      WORKERS: workers,
      LOG_LEVEL: 'debug',
    });
    const { origin } = new URL(await gateway.listening());
    const headers = { authorization: 'Bearer demo', ...TRACE };
    const sent = [
      await post(`${origin}/graphql`, LIST, headers),
      await post(`${origin}/graphql`, '{', headers),
      await post(`${origin}/nothing`, LIST, headers),
    ].map((answer) => answer.headers.get('x-request-id'));
    const raw = await sendRaw(origin, 'GARBAGE\r\n\r\n');
    sent.push(raw.headers.get('x-request-id'));
    await gateway.until(/The request is malformed/);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);

    const lines = gateway
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): Record<string, unknown> => JSON.parse(line));
    for (const line of lines) {
      expect(line).toMatchObject({
        level: expect.stringMatching(/^(debug|info|warn|error|fatal)$/),
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        service: 'tokens-gateway',
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        pid: expect.any(Number),
        msg: expect.any(String),
      });
      const others = Object.keys(line).filter((name) => OTHER_SPELLINGS.test(name) && !KNOWN.has(name));
      expect(others).toEqual([]);
    }
    // Each request is found by the id that its client got.
    for (const id of sent) expect(lines.filter(({ requestId }) => requestId === id)).not.toEqual([]);
    const upstream = lines.filter(({ msg }) => msg === 'upstream');
    expect(upstream.map(({ upstreamOperation }) => upstreamOperation)).toEqual([
      'listToken',
      'listProjectsOfToken',
    ]);
    for (const line of upstream)
      expect(line).toMatchObject({
        requestId: sent[0],
        traceId: TRACE_ID,
        attempt: 1,
        durationMs: expect.any(Number),
      });
    expect(lines.find(({ msg }) => msg === 'operation')).toMatchObject({
      requestId: sent[0],
      traceId: TRACE_ID,
      durationMs: expect.any(Number),
    });
    expect(lines.filter(({ msg }) => String(msg).startsWith('listening'))).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({ msg: 'drained', exitCode: 0 });
  });
});
