import { describe, expect, it } from '@jest/globals';
import { createMemoryStore } from '../../../src/state/memory-store.ts';
import { type CreateRequest, createIdempotentCreate } from '../../../src/tokens/idempotent-create.ts';
import type { Loaders } from '../../../src/tokens/loaders.ts';
import type { CreateTokenBody, TokenDto } from '../../../src/upstream/models.ts';
import { UpstreamError } from '../../../src/upstream/upstream-error.ts';

const body = {
  name: 'billing-worker',
  authenticationMethod: { publicKeyInfo: { jwksUri: 'https://a.example/jwks' } },
} as CreateTokenBody;
const tokenOf = (id: string) => ({ ...body, id }) as TokenDto;

/** An API whose first create is made and its answer lost; the token comes on the last of three pages. */
function startApi() {
  const made: TokenDto[] = [];
  const loaders = {
    async createToken() {
      made.push(tokenOf(`made-${made.length + 1}`));
      if (made.length === 1) throw new UpstreamError('timeout', 'lost');
      return made.at(-1);
    },
    async tokenPage({ startKey = 'page-1' }) {
      const other = { ...tokenOf('other'), name: 'another name' };
      if (startKey === 'page-3') return { items: made, next: undefined };
      return { items: [other], next: startKey === 'page-1' ? 'page-2' : 'page-3' };
    },
  } as unknown as Loaders;
  const request: CreateRequest = { principal: 'alice', key: 'key-1', body, loaders };
  return { made, request };
}

describe('A create under an idempotency key', () => {
  it('whose answer was lost is found on whatever page it is', async () => {
    const { made, request } = startApi();
    const createOnce = createIdempotentCreate(createMemoryStore());
    await expect(createOnce(request)).rejects.toMatchObject({ kind: 'timeout' });
    expect(await createOnce(request)).toEqual({ token: tokenOf('made-1') });
    expect(made).toHaveLength(1);
  });

  it('is not sent when there is no room to remember it', async () => {
    const { made, request } = startApi();
    const createOnce = createIdempotentCreate(createMemoryStore({ maxEntries: 0 }));
    await expect(createOnce(request)).rejects.toMatchObject({ kind: 'saturated', requestSent: false });
    expect(made).toEqual([]);
  });
});
