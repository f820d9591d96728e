import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stateOf } from '../../../src/emulator/seed.ts';
import { createListPrefetch, createLoaders, type Loaders } from '../../../src/tokens/loaders.ts';
import type { Scope } from '../../../src/upstream/attempt.ts';
import { createDeadlines } from '../../../src/upstream/cancellation.ts';
import type { TokenDto } from '../../../src/upstream/generated.ts';
import type { IamClient } from '../../../src/upstream/iam-client.ts';

const FIRST_PAGE = { limit: 100, startKey: undefined };
const deadline = createDeadlines(10_000).start();
const scope = { deadline } as Partial<Scope> as Scope;
afterAll(() => deadline.end());

let names: Map<string, string>;
let asked: string[];
let loaders: Loaders;

beforeEach(() => {
  names = new Map([['t1', 'one']]);
  asked = [];
  loaders = createLoaders(createClient(), scope, createListPrefetch(0), 'alice');
});

function tokenOf(id: string): TokenDto {
  const [stored] = stateOf({ principals: { demo: { tokens: [{ id, name: names.get(id) ?? '' }] } } }).tokens;
  return stored?.token as TokenDto;
}

/** A small API of tokens that differ only in id and name. */
function createClient(): IamClient {
  return {
    async getToken(_scope, id) {
      asked.push(`get ${id}`);
      return tokenOf(id);
    },
    async listTokens() {
      asked.push('list');
      return { items: [...names.keys()].map(tokenOf), next: undefined, chars: 0 };
    },
    async listProjectsOfToken(_scope, id) {
      asked.push(`projects ${id}`);
      return { items: [], next: undefined, chars: 0 };
    },
    async createToken(_scope, { name }) {
      names.set('t2', name);
      if (name === 'lost') throw new Error('lost');
      return tokenOf('t2');
    },
    async updateToken(_scope, id, { name = '' }) {
      names.set(id, name);
      if (name === 'lost') throw new Error('lost');
      return tokenOf(id);
    },
    async deleteToken() {
      throw new Error('lost');
    },
  };
}

describe('Within one request', () => {
  it('a token of a list is not requested again', async () => {
    await loaders.tokenPage(FIRST_PAGE);
    expect(await loaders.token('t1')).toMatchObject({ name: 'one' });
    expect(asked).toEqual(['list']);
  });

  it('a token that was read before a write is the new one after it', async () => {
    await loaders.token('t1');
    await loaders.updateToken('t1', { name: 'new name' });
    expect(await loaders.token('t1')).toMatchObject({ name: 'new name' });
    expect(asked).toEqual(['get t1']);
  });

  it('lists that were read before a write are read again after it', async () => {
    const body = { name: 'two' } as Parameters<Loaders['createToken']>[0];
    await loaders.tokenPage(FIRST_PAGE);
    await loaders.projectPage('t1', FIRST_PAGE);
    await loaders.createToken(body);
    expect((await loaders.tokenPage(FIRST_PAGE)).items).toMatchObject([{ name: 'one' }, { name: 'two' }]);
    await loaders.projectPage('t1', FIRST_PAGE);
    expect(asked).toEqual(['list', 'projects t1', 'list', 'projects t1']);
  });

  it('what was read before a write that failed is read again: its effect is unknown', async () => {
    await loaders.token('t1');
    await expect(loaders.deleteToken('t1')).rejects.toThrow('lost');
    await loaders.token('t1');
    expect(asked).toEqual(['get t1', 'get t1']);
  });

  it('what was read before an update that failed is read again', async () => {
    await loaders.token('t1');
    await loaders.tokenPage(FIRST_PAGE);
    await loaders.projectPage('t1', FIRST_PAGE);
    await expect(loaders.updateToken('t1', { name: 'lost' })).rejects.toThrow('lost');
    expect(await loaders.token('t1')).toMatchObject({ name: 'lost' });
    expect((await loaders.tokenPage(FIRST_PAGE)).items).toMatchObject([{ name: 'lost' }]);
    await loaders.projectPage('t1', FIRST_PAGE);
    expect(asked).toEqual(['get t1', 'list', 'projects t1', 'get t1', 'list', 'projects t1']);
  });

  it('lists that were read before a create that failed are read again: the token may be there', async () => {
    const body = { name: 'lost' } as Parameters<Loaders['createToken']>[0];
    await loaders.tokenPage(FIRST_PAGE);
    await expect(loaders.createToken(body)).rejects.toThrow('lost');
    expect((await loaders.tokenPage(FIRST_PAGE)).items).toMatchObject([{ name: 'one' }, { name: 'lost' }]);
  });
});
