import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { markItems } from '../../src/graphql/pagination/cursor.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type ListApi, startListApi } from '../support/list-api.ts';

let api: ListApi;
let gateway: Gateway;
beforeAll(async () => {
  api = await startListApi();
  gateway = await startGateway({ apiGatewayUrl: api.url, env: { TOKEN_BATCH_LIST_MIN: '0' } });
});
afterAll(async () => {
  await gateway.close();
  await api.close();
});
beforeEach(() => {
  api.tokens = range('t', 1, 12);
  api.projects = range('t', 1, 12);
  api.largestPage = 100;
  api.printKey = (id) => JSON.stringify(`behind-${id}`);
  api.change = (text) => text;
  api.requests.length = 0;
});

const range = (prefix: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `${prefix}${from + at}`);

const PAGE = 'edges { cursor } nodes { id } pageInfo { hasNextPage endCursor }';
const DOCUMENTS = {
  tokens: `query ($first: Int, $after: String) { list: tokens(first: $first, after: $after) { ${PAGE} } }`,
  projects: `query ($first: Int, $after: String) { token(id: "owner") { list: projects(first: $first, after: $after) { ${PAGE} } } }`,
};
type List = keyof typeof DOCUMENTS;

async function read(list: List, first: number, after: string | null) {
  const { data, errors } = await gateway.query(DOCUMENTS[list], { first, after });
  const page = data?.list ?? data?.token?.list;
  return {
    ids: (page?.nodes ?? []).map(({ id }: { id: string }) => id) as string[],
    cursors: (page?.edges ?? []).map(({ cursor }: { cursor: string }) => cursor) as string[],
    end: (page?.pageInfo.endCursor ?? null) as string | null,
    more: page?.pageInfo.hasNextPage === true,
    extensions: errors?.[0]?.extensions,
  };
}

/** The ids of all pages behind `after`. */
async function readAll(list: List, first: number, after: string | null): Promise<string[]> {
  const seen: string[] = [];
  for (let page = await read(list, first, after); ; page = await read(list, first, page.end)) {
    seen.push(...page.ids);
    if (!page.more) return seen;
  }
}

describe.each(['tokens', 'projects'] as const)('Between two pages of %s', (list) => {
  it.each([1, 2, 3, 4, 5, 10, 40, 97, 98])(
    '%i are added before the cursor: no gap, no repeat',
    async (count) => {
      const { end } = await read(list, 2, null);
      api[list] = [...range('new', 1, count), ...api[list]];
      expect(await readAll(list, 4, end)).toEqual(range('t', 3, 12));
    },
  );

  it.each([1, 2, 5, 9])('%i are deleted before the cursor: no gap, no repeat', async (count) => {
    const { end } = await read(list, 10, null);
    api[list] = api[list].slice(count);
    expect(await readAll(list, 2, end)).toEqual(['t11', 't12']);
  });

  it.each([1, 2, 5, 9])(
    'the item of the cursor and %i before it are deleted: no gap, no repeat',
    async (count) => {
      const { end } = await read(list, 10, null);
      api[list] = api[list].filter((_, at) => at >= 10 || at < 9 - count);
      expect(await readAll(list, 2, end)).toEqual(['t11', 't12']);
    },
  );

  it.each([0, 1, 2, 5, 9])(
    "the API's pages become smaller, and the item of the cursor and %i before it are deleted: no gap, no repeat",
    async (count) => {
      api[list] = range('t', 1, 60);
      const { end } = await read(list, 40, null);
      api.largestPage = 13;
      expect(await readAll(list, 10, end)).toEqual(range('t', 41, 60));
      api[list] = api[list].filter((_, at) => at >= 40 || at < 39 - count);
      expect(await readAll(list, 10, end)).toEqual(range('t', 41, 60));
    },
  );

  it('everything that was read is deleted: no gap', async () => {
    const { end } = await read(list, 10, null);
    api[list] = ['t11', 't12'];
    expect(await readAll(list, 2, end)).toEqual(['t11', 't12']);
  });

  it('the item of the cursor is deleted, others before it too, and some are added: no gap, no repeat', async () => {
    const { end } = await read(list, 6, null);
    api[list] = [...range('new', 1, 30), 't2', 't4', ...range('t', 7, 12)];
    expect(await readAll(list, 3, end)).toEqual(range('t', 7, 12));
  });

  it.each([2, 20, 60, 97])(
    '%i are added and the cursor is near the end of the largest page',
    async (count) => {
      api[list] = range('t', 1, 250);
      const page = await read(list, 16, (await read(list, 80, null)).end);
      expect(page.ids.at(-1)).toBe('t96');
      api[list] = [...range('t', 1, 40), ...range('new', 1, count), ...range('t', 41, 250)];
      expect(await readAll(list, 16, page.end)).toEqual(range('t', 97, 250));
      api[list] = api[list].filter((id) => !['t94', 't95', 't96'].includes(id));
      expect(await readAll(list, 100, page.end)).toEqual(range('t', 97, 250));
    },
  );

  it('some are added right after the cursor: they come next', async () => {
    const { end } = await read(list, 6, null);
    api[list] = [...range('t', 1, 6), 'new1', 'new2', ...range('t', 7, 12)];
    expect(await readAll(list, 3, end)).toEqual(['new1', 'new2', ...range('t', 7, 12)]);
  });

  it('some are added and some deleted on a later page of the API: no gap, no repeat', async () => {
    api[list] = range('t', 1, 250);
    const first = await read(list, 100, null);
    const second = await read(list, 20, first.end);
    expect(second.ids).toEqual(range('t', 101, 120));
    api[list] = [
      ...range('t', 1, 100),
      ...range('new', 1, 60),
      ...range('t', 105, 119),
      ...range('t', 121, 250),
    ];
    expect(await readAll(list, 100, second.end)).toEqual(range('t', 121, 250));
  });

  it('nothing changes: a page is one call', async () => {
    const { end } = await read(list, 5, null);
    api.requests.length = 0;
    expect((await read(list, 5, end)).ids).toEqual(range('t', 6, 10));
    expect(api.requests).toEqual(['11']);
  });

  it('the item of the cursor has moved: one more call, for the largest page', async () => {
    const { end } = await read(list, 2, null);
    api[list] = [...range('new', 1, 50), ...api[list]];
    api.requests.length = 0;
    await read(list, 2, end);
    expect(api.requests).toEqual(['5', '100']);
  });

  it('the item of the cursor is deleted: one more call, for the next page', async () => {
    api[list] = range('t', 1, 250);
    const { end } = await read(list, 2, null);
    api[list] = range('t', 3, 250);
    api.requests.length = 0;
    expect((await read(list, 2, end)).ids).toEqual(['t3', 't4']);
    expect(api.requests).toEqual(['5', '100', '100 behind-t102']);
  });

  it('the cursor of any edge can be continued from', async () => {
    const { cursors } = await read(list, 6, null);
    api[list] = [...range('new', 1, 20), ...api[list]];
    for (const [at, cursor] of cursors.entries())
      expect((await read(list, 100, cursor)).ids).toEqual(range('t', at + 2, 12));
  });
});

describe('A page key of IAM', () => {
  const INVALID = { code: 'UPSTREAM_INVALID_RESPONSE' };
  const padded =
    (fill: string, length = 3000) =>
    (id: string) =>
      JSON.stringify(`${id}${fill.repeat(length)}`.slice(0, length));

  it.each([
    ['quotation marks', padded('"')],
    ['backslashes', padded('\\')],
    ['umlauts', padded('ü')],
    ['Chinese characters', padded('令')],
    ['slashes and blanks', padded('/ +&=%')],
    ['letters', padded('x')],
    ['emoji', (id: string) => JSON.stringify(`${id.padStart(4, '0')}${'🚀'.repeat(1498)}`)],
  ])(
    'of 3000 characters, of which many are %s, makes cursors that are accepted',
    async (_title, printKey) => {
      api.printKey = printKey;
      expect(await readAll('tokens', 5, null)).toEqual(range('t', 1, 12));
      expect(await readAll('projects', 5, null)).toEqual(range('t', 1, 12));
      const page = await read('tokens', 3, (await read('tokens', 1, null)).end);
      for (const cursor of page.cursors) expect((await read('tokens', 1, cursor)).extensions).toBeUndefined();
    },
  );

  it.each([
    ['is longer than the API takes', padded('x', 3001)],
    ['is far longer', padded('x', 100_000)],
    ['fits in no cursor', padded('\u0001')],
    ['has half a surrogate pair', (id: string) => `"${id}\\ud800"`],
    ['has the other half', (id: string) => `"\\udfff${id}"`],
    ['has halves in the wrong order', (id: string) => `"${id}\\uDC00\\uD800x"`],
    ['was damaged on its way', (id: string) => `"${id}\\ufffd"`],
    ['is a number', () => '7'],
    ['is an object', () => '{"id":"x"}'],
    ['is a list', () => '["x"]'],
    ['is true', () => 'true'],
  ])('that %s is an invalid response', async (_title, printKey) => {
    api.printKey = printKey;
    const { ids, extensions } = await read('tokens', 2, null);
    expect([ids, extensions]).toEqual([[], INVALID]);
    expect((await read('projects', 2, null)).extensions).toEqual(INVALID);
    expect(gateway.log()).not.toContain('unexpected');
  });

  it.each(['null', '""'])('that is %s counts as absent', async (key) => {
    api.printKey = () => key;
    expect(await readAll('tokens', 12, null)).toEqual(range('t', 1, 12));
  });
});

it.each(['x'.repeat(200), '\ud800', 'a\udc00', '\u0000', ' ', '🚀'])(
  'A list continues behind an item whatever its id (%j)',
  async (id) => {
    api.tokens = ['t1', id, 't3'];
    api.printKey = (last) => JSON.stringify(`behind-${api.tokens.indexOf(last)}`);
    expect(await readAll('tokens', 1, null)).toEqual(['t1', id.toWellFormed(), 't3']);
  },
);

describe('A forged cursor', () => {
  /** As the gateway makes them: the digest needs no secret. */
  const forge = (position: string, scope = '"tokens"', version = '1') => {
    const digest = createHash('sha256').update(`[${scope},${position}]`).digest('base64url').slice(0, 10);
    return Buffer.from(`[${version},"${digest}",${position}]`).toString('base64url');
  };

  it('is accepted if the gateway could have created it', async () => {
    expect((await read('tokens', 1, forge('"behind-t3",0,""'))).ids).toEqual(['t4']);
  });

  it.each([
    ['an offset that no list has', '"",100000,"x"', 100],
    ['an item that no list has', '"",1,"x"', 3],
    ['the trail of an item at the end of the next page', `"",1,"x","${markItems([{ id: 't200' }])}"`, 50],
  ])('with %s makes no more calls than are predicted', async (_title, position, first) => {
    api.tokens = range('t', 1, 2500);
    await read('tokens', first, forge(position));
    expect(api.requests.length).toBeGreaterThan(2);
    expect(api.requests.length).toBeLessThanOrEqual(4);
  });

  it.each([
    ['half a surrogate pair as key', '"\\ud800",0,""'],
    ['half a surrogate pair in a key', '"x\\udc00y",0,""'],
    ['half a surrogate pair as id', '"",1,"\\ud800"'],
    ['a key that is too long', `"${'x'.repeat(3001)}",0,""`],
    ['a key of control characters', `"${'\\u0001'.repeat(2000)}",0,""`],
    ['an id that is too long', `"",1,"${'x'.repeat(129)}"`],
    ['a negative number', '"",-1,"x"'],
    ['minus zero', '"",-0,"x"'],
    ['a fraction', '"",1.5,"x"'],
    ['an exponent', '"",1e2,"x"'],
    ['a huge number', '"",100001,"x"'],
    ['a number as text', '"","1","x"'],
    ['no id', '"",1'],
    ['null', 'null,0,""'],
    ['a trail that is none', '"",2,"t2","?"'],
    ['a trail of a wrong length', '"",2,"t2","abc"'],
    ['an empty trail', '"",2,"t2",""'],
    ['a trail that is too long', `"",2,"t2","${'abcd'.repeat(33)}"`],
    ['a trail that is a list', '"",2,"t2",["abcd"]'],
    ['one part more', '"",2,"t2","abcd",1'],
    ['blanks', '"", 0,""'],
  ])('(%s) is rejected, and the API is not called', async (_title, position) => {
    const { extensions } = await read('tokens', 2, forge(position));
    expect(extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'after', reason: 'INVALID_CURSOR' });
    expect(api.requests).toEqual([]);
  });

  it.each([
    ['of another version', forge('"",0,""', '"tokens"', '2')],
    ['of another list', forge('"",0,""', '"projects:owner"')],
    ['spelled otherwise', `${forge('"",0,""')}A`],
  ])('%s is rejected', async (_title, after) => {
    expect((await read('tokens', 2, after)).extensions?.reason).toBe('INVALID_CURSOR');
  });
});

describe('Text that IAM sends in malformed Unicode', () => {
  it.each([
    ['a name', '"name":"token t1"', '"name":"x\\ud800y"', 'x\ufffdy'],
    ['a name, the other half', '"name":"token t1"', '"name":"\\uDFFF"', '\ufffd'],
    ['a name, in the wrong order', '"name":"token t1"', '"name":"\\udc00\\ud800"', '\ufffd\ufffd'],
    ['a name, behind a pair', '"name":"token t1"', '"name":"\\ud83d\\ude80\\ud83d"', '🚀\ufffd'],
    ['a name, behind a backslash', '"name":"token t1"', '"name":"\\\\\\ud800\\\\ud800"', '\\\ufffd\\ud800'],
  ])('is made well-formed before it goes out (%s)', async (_title, from, to, name) => {
    api.change = (text) => text.replace(from, to);
    const { data, text } = await gateway.query('{ tokens(first: 1) { nodes { name } } }');
    expect(data.tokens.nodes).toEqual([{ name }]);
    expect(text).not.toMatch(/[^\\]\\ud[89a-f]/i);
  });

  it('is made well-formed in every text of a token', async () => {
    api.change = (text) =>
      text.replaceAll(/"(ari|ownerAri|kid|alg|e)":"/g, '"$1":"\\ud900').replace('"openid"', '"\\udd00"');
    const { data, text } =
      await gateway.query(`{ tokens(first: 1) { nodes { ari ownerAri scopes authenticationMethod {
      publicKeyInfo { ... on JsonWebKeySet { keys { kid alg e } } } } } } }`);
    const [token] = data.tokens.nodes;
    expect(token.scopes[0]).toBe('\ufffd');
    expect(token.ari).toMatch(/^\ufffd/);
    expect(text).not.toMatch(/\\ud[89a-f]/i);
  });

  it('is made well-formed in error messages', async () => {
    const issue = `${'x'.repeat(299)}🚀 \\ud800`;
    api.rejection = `{"name":"InvalidParameterError","details":[{"issue":"${issue}","field":"na\\udc00me"}],"\\ud800":1}`;
    const { data, text } = await gateway.query(
      'mutation { updateToken(input: { id: "x", name: "worker" }) { userErrors { message field } } }',
    );
    expect(data.updateToken.userErrors).toEqual([
      { message: `${'x'.repeat(299)}\ufffd`, field: ['input', 'na\ufffdme'] },
    ]);
    expect(text).not.toMatch(/\\ud[89a-f]/i);
  });
});
