import { describe, expect, it } from '@jest/globals';
import { toConnection } from '../../../../src/graphql/pagination/connection.ts';
import type { Page as ApiPage } from '../../../../src/upstream/parse-response.ts';
import { UpstreamError } from '../../../../src/upstream/upstream-error.ts';
import { createRandom, type Random } from '../../../support/random.ts';

interface Item {
  readonly id: string;
}
type Page<Item> = Omit<ApiPage<Item>, 'chars'>;
interface Asked {
  readonly limit: number;
  readonly startKey: string | undefined;
}

const items = (...ids: string[]): Item[] => ids.map((id) => ({ id }));
const range = (from: number, to: number): Item[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ id: `t${from + i}` }));

/** A listing that pages as DynamoDB does: the key is the last id, and it is there whenever the limit was reached. */
function listing(all: () => readonly Item[], asked: Asked[] = []) {
  return async ({ limit, startKey }: Asked): Promise<Page<Item>> => {
    asked.push({ limit, startKey });
    const rest = all();
    const start = startKey === undefined ? 0 : Number(startKey);
    const page = rest.slice(start, start + limit);
    return { items: page, next: page.length === limit ? String(start + limit) : undefined };
  };
}

/** Pages given one by one, by the key that asks for them. */
function pages(byKey: Record<string, Page<Item> | Error>, asked: Asked[] = []) {
  return async (request: Asked): Promise<Page<Item>> => {
    asked.push(request);
    const page = byKey[request.startKey ?? ''];
    if (page instanceof Error) throw page;
    return page ?? { items: [], next: undefined };
  };
}

async function readAll(fetchPage: (request: Asked) => Promise<Page<Item>>, first: number): Promise<string[]> {
  const seen: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < 1000; page++) {
    const { edges, pageInfo }: Awaited<ReturnType<typeof connect>> = await connect(fetchPage, {
      first,
      after,
    });
    seen.push(...edges.map(({ id }) => id));
    if (!(await pageInfo.hasNextPage())) return seen;
    after = pageInfo.endCursor();
  }
  throw new Error('the pages do not end');
}

async function connect(
  fetchPage: (request: Asked) => Promise<Page<Item>>,
  args: { first?: number | null; after?: string | null },
) {
  const list = {
    scope: 'tokens',
    fetchPage: async (request: Asked) => ({ ...(await fetchPage(request)), chars: 0 }),
    countChars() {},
  };
  const { edges, pageInfo } = await toConnection(list, args);
  return { edges: edges.map(({ cursor, node: { id } }) => ({ cursor, id })), pageInfo };
}

describe('Reading a list page by page', () => {
  it.each([
    [20, 20],
    [40, 20],
    [100, 20],
    [250, 20],
    [250, 100],
    [250, 7],
    [3, 1],
    [0, 5],
  ])('%i items by %i: every item once, in order', async (count, first) => {
    const all = range(1, count);
    expect(
      await readAll(
        listing(() => all),
        first,
      ),
    ).toEqual(all.map(({ id }) => id));
  });

  it('requests a page and its next-page flag once', async () => {
    const asked: Asked[] = [];
    const { pageInfo } = await connect(
      listing(() => range(1, 50), asked),
      { first: 20 },
    );
    expect(await pageInfo.hasNextPage()).toBe(true);
    expect(asked).toEqual([{ limit: 21, startKey: undefined }]);
  });

  it('goes on without a gap or a repeat when an item before the cursor is deleted', async () => {
    let all = range(1, 30);
    const { pageInfo } = await connect(
      listing(() => all),
      { first: 10 },
    );
    all = all.filter(({ id }) => id !== 't3');
    const next = await connect(
      listing(() => all),
      { first: 5, after: pageInfo.endCursor() },
    );
    expect(next.edges.map(({ id }) => id)).toEqual(['t11', 't12', 't13', 't14', 't15']);
  });

  it('goes on without a gap or a repeat when an item before the cursor is added', async () => {
    let all = range(1, 30);
    const { pageInfo } = await connect(
      listing(() => all),
      { first: 10 },
    );
    all = [...items('new'), ...all];
    const next = await connect(
      listing(() => all),
      { first: 3, after: pageInfo.endCursor() },
    );
    expect(next.edges.map(({ id }) => id)).toEqual(['t11', 't12', 't13']);
  });

  it("goes on without a gap when the cursor's own item is deleted", async () => {
    let all = range(1, 30);
    const { pageInfo } = await connect(
      listing(() => all),
      { first: 10 },
    );
    all = all.filter(({ id }) => id !== 't10');
    const next = await connect(
      listing(() => all),
      { first: 3, after: pageInfo.endCursor() },
    );
    expect(next.edges.map(({ id }) => id)).toEqual(['t11', 't12', 't13']);
  });
});

describe('A list that changes at random between pages', () => {
  // A key says behind which item a page begins, as DynamoDB's does; that item itself may be gone.
  // Ids are of one length, so that their order as texts is that of their numbers.
  const FIRST = 5_000_000;
  const changing =
    (all: () => readonly Item[]) =>
    async ({ limit, startKey }: Asked): Promise<Page<Item>> => {
      const rest = all().filter(({ id }) => startKey === undefined || id > startKey);
      const page = rest.slice(0, limit);
      return { items: page, next: page.length === limit ? page.at(-1)?.id : undefined };
    };

  /** At most 20 items come and 14 go near `cursor`, its own item among them now and then. An id never comes back. */
  function change(all: readonly Item[], cursor: string, known: Known): Item[] {
    const { random, stays, ever } = known;
    const at = Math.max(0, all.findIndex(({ id }) => id === cursor) - random.integer(25));
    const gone = new Set(all.slice(at, at + random.integer(14)).map(({ id }) => id));
    const base = Number(all[at]?.id.slice(1) ?? FIRST);
    const added = Array.from({ length: random.integer(20) }, () => `i${base - random.integer(998) - 1}`);
    const ids = new Set([...all.map(({ id }) => id), ...added.filter((id) => !ever.has(id))]);
    for (const id of added) ever.add(id);
    for (const id of gone) {
      stays.delete(id);
      ids.delete(id);
    }
    return items(...[...ids].sort());
  }
  interface Known {
    readonly random: Random;
    /** Of the first items, those that were never deleted. */
    readonly stays: Set<string>;
    readonly ever: Set<string>;
  }

  it.each(Array.from({ length: 100 }, (_, seed) => seed))(
    'gives every item that stays once, in order (seed %i)',
    async (seed) => {
      const random = createRandom(seed);
      let all = items(...Array.from({ length: 150 }, (_, at) => `i${FIRST + (at + 1) * 1000}`));
      const stays = new Set(all.map(({ id }) => id));
      const ever = new Set(stays);
      const first = 1 + random.integer(29);
      const seen: string[] = [];
      let after: string | null = null;
      for (;;) {
        const page: Awaited<ReturnType<typeof connect>> = await connect(
          changing(() => all),
          { first, after },
        );
        seen.push(...page.edges.map(({ id }) => id));
        if (!(await page.pageInfo.hasNextPage())) break;
        after = page.pageInfo.endCursor();
        all = change(all, seen.at(-1) ?? '', { random, stays, ever });
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((id) => stays.has(id))).toEqual([...stays]);
    },
  );
});

describe('A list with unusual pages', () => {
  it('fills a page from short pages', async () => {
    const fetchPage = pages({
      '': { items: items('a'), next: 'k1' },
      k1: { items: items('b'), next: 'k2' },
      k2: { items: items('c'), next: undefined },
    });
    expect((await connect(fetchPage, { first: 3 })).edges.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('reads past empty pages, with a limit of 100 after the first of them', async () => {
    const asked: Asked[] = [];
    const fetchPage = pages(
      {
        '': { items: [], next: 'k1' },
        k1: { items: [], next: 'k2' },
        k2: { items: items('a'), next: undefined },
      },
      asked,
    );
    expect((await connect(fetchPage, { first: 1 })).edges.map(({ id }) => id)).toEqual(['a']);
    expect(asked.map(({ limit }) => limit)).toEqual([2, 100, 100]);
  });

  it('that holds nothing but empty pages is an error after ten calls', async () => {
    const asked: Asked[] = [];
    const desert = async (request: Asked): Promise<Page<Item>> => {
      asked.push(request);
      return { items: [], next: `k${asked.length}` };
    };
    await expect(connect(desert, { first: 5 })).rejects.toMatchObject({ kind: 'invalid-response' });
    expect(asked).toHaveLength(10);
  });

  it('that repeats a key is an error, not a loop', async () => {
    const fetchPage = pages({ '': { items: [], next: 'k1' }, k1: { items: [], next: 'k1' } });
    await expect(connect(fetchPage, { first: 5 })).rejects.toMatchObject({ kind: 'invalid-response' });
  });

  it('that repeats a key with items gives none of them twice', async () => {
    const asked: Asked[] = [];
    const byKey = { '': { items: items('a'), next: 'k1' }, k1: { items: items('b'), next: 'k1' } };
    const { edges } = await connect(pages(byKey, asked), { first: 5 });
    expect(edges.map(({ id }) => id)).toEqual(['a']);
    expect(asked).toHaveLength(2);
  });

  it('that ignores limit and key is sliced', async () => {
    const all = range(1, 45);
    expect(await readAll(async () => ({ items: all, next: undefined }), 20)).toEqual(all.map(({ id }) => id));
  });

  it('with a key to an empty page has no next page', async () => {
    const { pageInfo } = await connect(pages({ '': { items: items('a', 'b'), next: 'k1' } }), { first: 2 });
    expect(await pageInfo.hasNextPage()).toBe(false);
  });

  it('that fails on a later call gives what it has, and says that more follows', async () => {
    const down = new UpstreamError('unavailable', 'connection failed');
    const { edges, pageInfo } = await connect(pages({ '': { items: items('a'), next: 'k1' }, k1: down }), {
      first: 2,
    });
    expect(edges.map(({ id }) => id)).toEqual(['a']);
    expect(await pageInfo.hasNextPage()).toBe(true);
  });

  it('that rejects our key makes the client start again', async () => {
    const { pageInfo } = await connect(pages({ '': { items: items('a'), next: 'k1' } }), { first: 1 });
    const rejected = new UpstreamError('status', 'status 400', { status: 400 });
    await expect(
      connect(pages({ k1: rejected }), { first: 1, after: pageInfo.endCursor() }),
    ).rejects.toMatchObject({
      extensions: { code: 'BAD_USER_INPUT', argument: 'after', reason: 'INVALID_CURSOR' },
    });
  });
});

describe('The arguments of a page', () => {
  it.each([[undefined], [null]])('first: %s is 20', async (first) => {
    const args = first === undefined ? {} : { first };
    expect(
      (
        await connect(
          listing(() => range(1, 30)),
          args,
        )
      ).edges,
    ).toHaveLength(20);
  });

  it('first: 0 requests nothing and has no cursors', async () => {
    const asked: Asked[] = [];
    const { edges, pageInfo } = await connect(
      listing(() => range(1, 3), asked),
      { first: 0 },
    );
    expect(edges).toEqual([]);
    expect([pageInfo.startCursor(), pageInfo.endCursor()]).toEqual([null, null]);
    expect(asked).toEqual([]);
  });

  it('first: 0 requests one item when the next-page flag is selected', async () => {
    const asked: Asked[] = [];
    const { pageInfo } = await connect(
      listing(() => range(1, 3), asked),
      { first: 0 },
    );
    expect(await pageInfo.hasNextPage()).toBe(true);
    expect(asked).toEqual([{ limit: 1, startKey: undefined }]);
  });

  it('first: 100 takes a second call only for the next-page flag', async () => {
    const asked: Asked[] = [];
    const { pageInfo } = await connect(
      listing(() => range(1, 150), asked),
      { first: 100 },
    );
    expect(asked).toHaveLength(1);
    expect(await pageInfo.hasNextPage()).toBe(true);
    expect(asked.at(-1)).toEqual({ limit: 1, startKey: '100' });
  });

  it.each([[-1], [101], [2_147_483_647]])(
    'first: %i is rejected, and nothing is requested',
    async (first) => {
      const asked: Asked[] = [];
      await expect(
        connect(
          listing(() => [], asked),
          { first },
        ),
      ).rejects.toMatchObject({
        extensions: { code: 'BAD_USER_INPUT', argument: 'first' },
      });
      expect(asked).toEqual([]);
    },
  );

  it('hasPreviousPage says whether `after` was given', async () => {
    const { pageInfo } = await connect(
      listing(() => range(1, 3)),
      { first: 1 },
    );
    expect(pageInfo.hasPreviousPage).toBe(false);
    const next = await connect(
      listing(() => range(1, 3)),
      { first: 1, after: pageInfo.endCursor() },
    );
    expect(next.pageInfo.hasPreviousPage).toBe(true);
  });
});
