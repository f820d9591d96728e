import { describe, expect, it } from '@jest/globals';
import { createMemoryRecords, StateUnavailable } from '../../../src/state/records.ts';
import { type CreateRequest, createIdempotentCreate } from '../../../src/tokens/idempotent-create.ts';
import type { Loaders } from '../../../src/tokens/loaders.ts';
import { createTokenLookUp } from '../../../src/tokens/matching-tokens.ts';
import { createDeadlines } from '../../../src/upstream/cancellation.ts';
import type { CreateTokenBody, TokenDto } from '../../../src/upstream/generated.ts';
import { UpstreamError } from '../../../src/upstream/upstream-error.ts';

const body = {
  name: 'billing-worker',
  authenticationMethod: { publicKeyInfo: { jwksUri: 'https://a.example/jwks' } },
} as CreateTokenBody;
const tokenOf = (id: string) => ({ ...body, id }) as TokenDto;
const HOUR_MS = 3600 * 1000;

/** An API whose answers to the first `lost` creates are lost; the tokens come on the last of three pages. */
function startApi({ lost = 0 } = {}) {
  const made: TokenDto[] = [];
  const newRequest = (): CreateRequest => {
    const deadline = createDeadlines(2000).start();
    deadline.end();
    const lookUp = createTokenLookUp(async ({ startKey = 'page-1' }) => {
      const other = { ...tokenOf('other'), name: 'another name' };
      if (startKey === 'page-3') return { items: made, next: undefined, chars: 0 };
      return { items: [other], next: startKey === 'page-1' ? 'page-2' : 'page-3', chars: 0 };
    });
    const loaders = {
      async createToken() {
        made.push(tokenOf(`made-${made.length + 1}`));
        if (made.length <= lost) throw new UpstreamError('status', 'lost', { status: 500 });
        return made.at(-1);
      },
      freshToken: async (id: string) => made.find((token) => token.id === id) ?? null,
      lookUp: () => lookUp,
    } as unknown as Loaders;
    return { principal: 'alice', key: 'key-1', body, loaders, deadline };
  };
  return { made, newRequest };
}

describe('A create under an idempotency key', () => {
  it('whose response was lost is found on whatever page it is', async () => {
    const { made, newRequest } = startApi({ lost: 1 });
    const createOnce = createIdempotentCreate(createMemoryRecords());
    await expect(createOnce(newRequest())).rejects.toMatchObject({ kind: 'status' });
    expect(await createOnce(newRequest())).toEqual({ token: tokenOf('made-1') });
    expect(made).toHaveLength(1);
  });

  it('is not sent when there is no room to remember it', async () => {
    const { made, newRequest } = startApi();
    const createOnce = createIdempotentCreate(createMemoryRecords({ maxEntries: 0 }));
    await expect(createOnce(newRequest())).rejects.toMatchObject({
      kind: 'not-recorded',
      requestSent: false,
      retryAfterSeconds: 60,
    });
    expect(made).toEqual([]);
  });

  it.each([
    ['was carried out', true],
    ['was not', false],
  ])(
    'is reported without another read when its recording %s, and the reply is lost',
    async (_title, isDone) => {
      const records = createMemoryRecords();
      let isLost = true;
      const createOnce = createIdempotentCreate({
        ...records,
        async change(key, owner, change) {
          if (!isLost || !change.record?.text.includes('tokenId')) return records.change(key, owner, change);
          isLost = false;
          if (isDone) await records.change(key, owner, change);
          throw new StateUnavailable('no reply');
        },
      });
      const { made, newRequest } = startApi();
      const request = newRequest();
      const freshToken = () =>
        Promise.reject(new UpstreamError('status', 'status 503', { status: 503, requestSent: false }));
      const outcome = createOnce({ ...request, loaders: { ...request.loaders, freshToken } });
      expect(await outcome).toEqual({ token: tokenOf('made-1') });
      expect(made).toHaveLength(1);
    },
  );

  it('is remembered for 24 hours', async () => {
    let now = 0;
    const { made, newRequest } = startApi();
    const createOnce = createIdempotentCreate(createMemoryRecords({ now: () => now }));
    await createOnce(newRequest());
    now = 24 * HOUR_MS - 1;
    expect(await createOnce(newRequest())).toEqual({ token: tokenOf('made-1') });
    now = 24 * HOUR_MS;
    expect(await createOnce(newRequest())).toEqual({ token: tokenOf('made-2') });
    expect(made).toHaveLength(2);
  });
});

describe('A record that cannot be read', () => {
  it.each([
    'no JSON',
    'null',
    '[]',
    '{}',
    '{"digest":1,"before":[]}',
    '{"digest":"x","before":[1]}',
    '{"digest":"x","before":[],"tokenId":"../x"}',
    '{"tokenId":"made-1"}',
  ])('(%s) counts as an unknown outcome: a token that matches is its own, else one is made', async (text) => {
    const records = createMemoryRecords();
    const keys: { caller: string; id: string }[] = [];
    const createOnce = createIdempotentCreate({
      ...records,
      acquire(key, ...rest) {
        keys.push(key);
        return records.acquire(key, ...rest);
      },
    });
    const { made, newRequest } = startApi();
    await createOnce(newRequest());
    const [key] = keys;
    if (!key) throw new Error('no record');
    await records.acquire(key, 'broken', 1000);
    await records.change(key, 'broken', { leaseMs: 0, record: { text, ttlMs: HOUR_MS } });
    expect(await createOnce(newRequest())).toEqual({ token: tokenOf('made-1') });
    made.length = 0;
    await records.acquire(key, 'broken', 1000);
    await records.change(key, 'broken', { leaseMs: 0, record: { text, ttlMs: HOUR_MS } });
    expect(await createOnce(newRequest())).toEqual({ token: tokenOf('made-1') });
    expect(made).toHaveLength(1);
  });
});
