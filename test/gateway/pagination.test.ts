import { beforeAll, describe, expect, it } from '@jest/globals';
import { shareGateway } from '../support/gateway.ts';

interface PageOf<Node> {
  nodes: Node[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}
type Item = { id: string };

const gateway = shareGateway({ emulator: { seed: 'large' }, env: { RATE_LIMIT_PER_SECOND: '0' } });

async function readAll(read: (after: string | null) => Promise<PageOf<Item>>): Promise<string[]> {
  const seen: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { nodes, pageInfo } = await read(after);
    seen.push(...nodes.map(({ id }) => id));
    if (!pageInfo.hasNextPage) return seen;
    after = pageInfo.endCursor;
  }
}

async function tokenWithMostProjects(): Promise<string> {
  const document =
    '{ tokens(first: 100) { nodes { id projects(first: 100) { pageInfo { hasNextPage } } } } }';
  const { data } = await gateway.query(document);
  return data.tokens.nodes.find((token: { projects: PageOf<Item> }) => token.projects.pageInfo.hasNextPage)
    .id;
}

const tokensOf = (authorization: string, first: number) => async (after: string | null) => {
  const document =
    'query ($first: Int, $after: String) { tokens(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }';
  return (await gateway.query(document, { first, after }, { authorization })).data.tokens as PageOf<Item>;
};

describe('Reading a list to its end', () => {
  let id: string;
  beforeAll(async () => {
    id = await tokenWithMostProjects();
  });

  it('of 10 000 tokens, by 100: every token once', async () => {
    const seen = await readAll(tokensOf('Bearer demo', 100));
    expect(new Set(seen).size).toBe(10_000);
    expect(seen).toEqual(gateway.emulator.tokensOf('demo').map(({ id }) => id));
  });

  // By one only where IAM's second page of 100 ends: a project is a request, and each request lists up to 100 of them.
  it.each([[[7]], [[20]], [[99]], [[100]], [[98, 98, 1]]])(
    'of 250 projects, by %j: every project once',
    async (sizes) => {
      const document = `query ($id: ID!, $first: Int, $after: String) { token(id: $id) {
      projects(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }`;
      let pages = 0;
      const seen = await readAll(async (after) => {
        const first = sizes[Math.min(pages++, sizes.length - 1)];
        return (await gateway.query(document, { id, first, after })).data.token.projects;
      });
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toHaveLength(250);
    },
  );

  it('while tokens are added and deleted: every token that stays is returned once', async () => {
    const authorization = 'Bearer busy';
    const mutation = (document: string, variables: object) =>
      gateway.query(document, variables, { authorization });
    const create = async (name: string): Promise<string> => {
      const jwksUri = 'https://partner.example.com/jwks.json';
      const input = { name, authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo: { jwksUri } } };
      const { data } = await mutation(
        'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } } }',
        { input },
      );
      return data.createToken.token.id;
    };
    const remove = (id: string) =>
      mutation('mutation ($id: ID!) { deleteToken(input: { id: $id }) { deletedTokenId } }', { id });
    const ids: string[] = [];
    for (let i = 0; i < 40; i++) ids.push(await create(`token ${i}`));

    const gone = new Set<string>();
    let page = 0;
    const seen = await readAll(async (after) => {
      const answer = await tokensOf(authorization, 7)(after);
      // Between every two pages, one that was seen goes, one that was not seen goes, and a new one comes.
      for (const id of [answer.nodes[0]?.id, ids[39 - page]])
        if (id) await remove(id).then(() => gone.add(id));
      await create(`new ${page++}`);
      return answer;
    });
    const stayed = ids.filter((id) => !gone.has(id));
    expect(stayed.filter((id) => !seen.includes(id))).toEqual([]);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('A cursor that cannot be used', () => {
  it.each([
    ['garbage', 'garbage\r\n'],
    ['the empty text', ''],
    ['too long', 'A'.repeat(5000)],
  ])('%s is rejected and IAM is not called', async (_title, after) => {
    gateway.forgetCalls();
    const { data, errors } = await gateway.query(
      'query ($after: String) { tokens(after: $after) { nodes { id } } }',
      { after },
    );
    expect(data).toEqual({ tokens: null });
    expect(errors?.[0]?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      argument: 'after',
      reason: 'INVALID_CURSOR',
    });
    expect(gateway.calls()).toEqual([]);
  });

  it('of another list is rejected', async () => {
    const { data } = await gateway.query('{ tokens(first: 1) { nodes { id } pageInfo { endCursor } } }');
    const { errors } = await gateway.query(
      'query ($id: ID!, $after: String) { token(id: $id) { projects(after: $after) { nodes { id } } } }',
      {
        id: data.tokens.nodes[0].id,
        after: data.tokens.pageInfo.endCursor,
      },
    );
    expect(errors?.[0]).toMatchObject({
      path: ['token', 'projects'],
      extensions: { reason: 'INVALID_CURSOR' },
    });
  });
});

describe('The size of a page', () => {
  it.each([-1, 101, 1_000_000, 2_147_483_647])('of %i is rejected and IAM is not called', async (first) => {
    gateway.forgetCalls();
    const { data, errors } = await gateway.query(
      'query ($first: Int) { tokens(first: $first) { nodes { id } } a: __typename }',
      { first },
    );
    expect(data).toEqual({ tokens: null, a: 'Query' });
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'first' });
    expect(gateway.calls()).toEqual([]);
  });

  it.each([1.5, '10', true])('of %j is rejected as a variable', async (first) => {
    const { errors } = await gateway.query('query ($first: Int) { tokens(first: $first) { nodes { id } } }', {
      first,
    });
    expect(errors?.[0]).toMatchObject({
      message: 'Variable "$first" must be of type "Int".',
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  it.each([undefined, null])('that is %s is 20', async (first) => {
    const { data } = await gateway.query('query ($first: Int) { tokens(first: $first) { nodes { id } } }', {
      first,
    });
    expect(data.tokens.nodes).toHaveLength(20);
  });
});
