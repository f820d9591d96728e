import { describe, expect, it } from '@jest/globals';
import { shareGateway, startGateway } from '../support/gateway.ts';
import { timed } from '../support/stopwatch.ts';

const READ = 'query ($id: ID!) { token(id: $id) { id } other: __typename }';

/** Has time enough for every failure that needs none of it. */
const gateway = shareGateway({
  env: { REQUEST_DEADLINE_MS: '25000', UPSTREAM_READ_TIMEOUT_MS: '20000', UPSTREAM_RETRY_BUDGET: '1000' },
});
/** Has little time. Over an emulator of its own, which its last call may reach after the response. */
const hasty = shareGateway({
  env: { REQUEST_DEADLINE_MS: '1500', UPSTREAM_READ_TIMEOUT_MS: '600', UPSTREAM_RETRY_BUDGET: '1000' },
});

const read = (fault: string, from = gateway) => from.query(READ, { id: `fault-${fault}` });

describe('A read of an API that fails', () => {
  it.each([
    ['status-400', 'UPSTREAM_ERROR', 1],
    ['status-401', 'UNAUTHENTICATED', 1],
    ['403-unauthorized', 'UNAUTHENTICATED', 1],
    ['status-403', 'FORBIDDEN', 1],
    ['status-409', 'CONFLICT', 1],
    ['status-418', 'UPSTREAM_ERROR', 1],
    ['status-422', 'UPSTREAM_ERROR', 1],
    ['status-424', 'UPSTREAM_ERROR', 1],
    ['status-500', 'UPSTREAM_ERROR', 1],
    ['500-empty', 'UPSTREAM_ERROR', 1],
    ['leak', 'UPSTREAM_ERROR', 1],
    ['leak-403', 'FORBIDDEN', 1],
    ['html502', 'UPSTREAM_UNAVAILABLE', 3],
    ['html503', 'UPSTREAM_UNAVAILABLE', 3],
    ['html504', 'UPSTREAM_UNAVAILABLE', 3],
    ['reset', 'UPSTREAM_UNAVAILABLE', 3],
    ['close', 'UPSTREAM_UNAVAILABLE', 3],
    ['half-open', 'UPSTREAM_UNAVAILABLE', 3],
    ['429-negative', 'RATE_LIMITED', 3],
    ['429-86400', 'RATE_LIMITED', 1],
    ['429-none', 'RATE_LIMITED', 3],
    ['badjson', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['html200', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['empty', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['null', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['204', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['array', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['string', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['wrongtype', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['missing', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['nullfields', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['wrong-id', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['badgzip', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['garbage', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['bigheaders', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['gzipbomb', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['huge', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['huge-name', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['huge-chunked', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['redirect-302', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['redirect-307', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['redirect-same', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['redirect-loop', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['redirect-file', 'UPSTREAM_INVALID_RESPONSE', 1],
    ['redirect-metadata', 'UPSTREAM_INVALID_RESPONSE', 1],
  ])('(%s) is %s after %i call(s), and reveals nothing of the API', async (fault, code, calls) => {
    const { data, errors, text } = await read(fault);
    expect(data).toEqual({ token: null, other: 'Query' });
    expect(errors).toHaveLength(1);
    expect(errors?.[0]).toMatchObject({ path: ['token'], extensions: { code } });
    expect(gateway.calls()).toHaveLength(calls);
    expect(text).not.toMatch(/127\.0\.0\.1|localhost|ECONN|undici|<html|stack|node_modules|canary|Bearer/i);
  });

  it('is rejected for its size alone, when the response is otherwise right', async () => {
    gateway.emulator.faults.add({ fault: 'huge', operation: 'listToken' });
    const { errors } = await gateway.query('{ tokens(first: 1) { nodes { id } } }');
    expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_INVALID_RESPONSE');
  });

  it.each(['truncated', 'truncated-chunked', 'reset-mid', 'twolengths'])(
    '(%s) is an UPSTREAM code after at most three calls',
    async (fault) => {
      const { errors } = await read(fault);
      expect(errors?.[0]?.extensions.code).toMatch(/^UPSTREAM_/);
      expect(gateway.calls().length).toBeLessThanOrEqual(3);
    },
  );

  it.each(['hang', 'hang-body', 'slowdrip'])('(%s) gets a response within the deadline', async (fault) => {
    const { value, ownMs } = await timed(read(fault, hasty));
    expect(value.errors?.[0]?.extensions.code).toBe('UPSTREAM_TIMEOUT');
    expect(ownMs).toBeLessThan(2000);
  });

  it.each([
    ['flaky-1', 2],
    ['flaky-2', 3],
    ['flaky-reset-1', 2],
    ['flaky-429-1', 2],
  ])('(%s) and then recovers is called %i times', async (fault, calls) => {
    gateway.emulator.faults.add({ fault, operation: 'listToken' });
    const { errors, data } = await gateway.query('{ tokens(first: 1) { nodes { id } } }');
    expect(errors).toBeUndefined();
    expect(data.tokens.nodes).toHaveLength(1);
    expect(gateway.calls()).toHaveLength(calls);
  });

  it.each([
    ['429-1', [2]],
    // A date in whole seconds, one to two seconds ahead: on a busy machine it is less than one when it is read.
    ['429-date', [1, 2]],
  ])('(%s) is waited for as long as the deadline allows', async (fault, calls) => {
    // Almost time for two waits.
    const waits = await startGateway({ emulatorOf: gateway, env: { REQUEST_DEADLINE_MS: '1900' } });
    const { errors } = await read(fault, waits);
    await waits.close();
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', upstreamStatus: 429 });
    expect([1, 2]).toContain(errors?.[0]?.extensions.retryAfter);
    expect(calls).toContain(gateway.calls().length);
  });

  it('never says to wait for longer than a timer of the client can', async () => {
    const { errors } = await read('429-999999999');
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 86_400 });
  });

  it('says how long to wait, and has the trace id for support', async () => {
    const { errors } = await read('429-86400');
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter: 86_400,
      upstreamStatus: 429,
    });
    const forbidden = await read('leak-403');
    expect(forbidden.errors?.[0]?.extensions.traceId).toEqual(expect.any(String));
  });
});

describe('A list of an API that pages wrongly', () => {
  it('ends within three calls if a key is repeated', async () => {
    gateway.emulator.faults.add({ fault: 'page-repeat', operation: 'listToken' });
    let after: string | null = null;
    let last: { data: { tokens: unknown }; errors: unknown } | undefined;
    for (let page = 0; page < 4 && last?.data.tokens !== null; page++) {
      gateway.forgetCalls();
      last = await gateway.query(
        'query ($after: String) { tokens(first: 100, after: $after) { pageInfo { hasNextPage endCursor } } }',
        { after },
      );
      expect(gateway.calls().length).toBeLessThanOrEqual(3);
      after = (last?.data.tokens as { pageInfo: { endCursor: string } } | null)?.pageInfo.endCursor ?? null;
    }
    expect(last).toMatchObject({
      data: { tokens: null },
      errors: [{ path: ['tokens'], extensions: { code: 'UPSTREAM_INVALID_RESPONSE' } }],
    });
  });

  it('is an error after ten calls if all pages are empty', async () => {
    gateway.emulator.faults.add({ fault: 'page-empty-always', operation: 'listToken' });
    const { data, errors } = await gateway.query('{ tokens { nodes { id } } }');
    expect(data).toEqual({ tokens: null });
    expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_INVALID_RESPONSE' } }]);
    expect(gateway.calls()).toHaveLength(10);
  });

  it.each(['page-empty', 'page-short', 'page-ignore'])('(%s) is read on to a full page', async (fault) => {
    gateway.emulator.faults.add({ fault, operation: 'listToken' });
    const { data, errors } = await gateway.query(
      '{ tokens(first: 5) { nodes { id } pageInfo { hasNextPage } } }',
    );
    expect(errors).toBeUndefined();
    expect(data.tokens.nodes.map(({ id }: { id: string }) => id)).toEqual(
      gateway.emulator
        .tokensOf('demo')
        .slice(0, 5)
        .map(({ id }) => id),
    );
    expect(data.tokens.pageInfo.hasNextPage).toBe(true);
  });
});

describe('An API that cannot be reached', () => {
  it('because its name is unknown is UPSTREAM_UNAVAILABLE, and the error names no host', async () => {
    const lost = await startGateway({ apiGatewayUrl: 'https://iam.invalid', env: { UPSTREAM_RETRIES: '0' } });
    const { errors, text } = await lost.query('{ tokens { nodes { id } } }');
    expect(errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(text).not.toMatch(/invalid|ENOTFOUND|EAI_AGAIN|dns/);
    await lost.close();
  });

  it('is UPSTREAM_UNAVAILABLE, and a write certainly did not happen', async () => {
    const lonely = await startGateway();
    await lonely.emulator.close();
    const read = await lonely.query('{ tokens { nodes { id } } }');
    expect(read.errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_UNAVAILABLE' });
    const write = await lonely.query('mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }');
    expect(write.errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_UNAVAILABLE' });
    await lonely.close();
  });
});

describe('A read that timed out on a connection which worked before', () => {
  it('is repeated within the retry budget only', async () => {
    const frugal = await startGateway({
      emulatorOf: gateway,
      env: {
        UPSTREAM_READ_TIMEOUT_MS: '1000',
        UPSTREAM_RETRY_BUDGET: '0',
        UPSTREAM_RETRY_BUDGET_PER_SECOND: '0',
      },
    });
    const id = gateway.emulator.tokensOf('demo')[0]?.id;
    await frugal.query(READ, { id });
    frugal.forgetCalls();
    const { errors } = await frugal.query(READ, { id: 'fault-hang' });
    expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_TIMEOUT');
    expect(frugal.calls()).toEqual(['GET /v1/tokens/fault-hang']);
    await frugal.close();
  });

  it('is repeated once when the budget has one repeat', async () => {
    const patient = await startGateway({
      emulatorOf: gateway,
      env: {
        UPSTREAM_READ_TIMEOUT_MS: '1000',
        UPSTREAM_RETRY_BUDGET: '1',
        UPSTREAM_RETRY_BUDGET_PER_SECOND: '0',
      },
    });
    await patient.query(READ, { id: gateway.emulator.tokensOf('demo')[0]?.id });
    patient.forgetCalls();
    await patient.query(READ, { id: 'fault-hang' });
    expect(patient.calls()).toHaveLength(2);
    await patient.close();
  });
});
