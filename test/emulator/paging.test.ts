import { describe, expect, it } from '@jest/globals';
import { startEmulator } from '../../src/emulator/emulator.ts';
import { shareEmulator } from '../support/share.ts';
import { clientOf, type Send, validInput } from './support.ts';

const emulator = shareEmulator();
const demo = clientOf(emulator);

const idsOf = (items: readonly { id: string }[]) => items.map(({ id }) => id);

/** Reads on until no key comes; the ids of each page. */
async function readAll(send: Send, path: string, limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  let key: string | undefined = '';
  while (key !== undefined && pages.length < 300) {
    const { body } = await send('GET', `${path}?limit=${limit}&exclusiveStartKey=${key}`);
    pages.push(idsOf(body.tokens ?? body.projects));
    key = body.lastEvaluatedKey;
  }
  return pages;
}

const tokenNamed = (name: string) => emulator.tokensOf('demo').find((token) => token.name === name)?.id;

describe('Pages', () => {
  it.each([
    [1, 121],
    [7, 18],
    [50, 3],
    [99, 2],
    [100, 2],
  ])('of %i show each of the 120 sample tokens once, in %i pages', async (limit, count) => {
    const pages = await readAll(demo, '/v1/tokens', limit);
    expect(pages).toHaveLength(count);
    expect(pages.flat()).toEqual(idsOf(emulator.tokensOf('demo')));
  });

  it.each([
    [30, 9],
    [99, 3],
    [100, 3],
  ])('of %i show each of the 250 projects once, in %i pages', async (limit, count) => {
    const pages = await readAll(demo, `/v1/tokens/${tokenNamed('audit-exporter')}/projects`, limit);
    expect(pages).toHaveLength(count);
    expect(new Set(pages.flat()).size).toBe(250);
  });

  it('hold 100 items when no limit is sent', async () => {
    expect((await demo('GET', '/v1/tokens')).body.tokens).toHaveLength(100);
  });

  it('of exactly the size of the list come with a key to an empty page, as in DynamoDB', async () => {
    const pages = await readAll(demo, `/v1/tokens/${tokenNamed('credential-issuer')}/projects`, 40);
    expect(pages.map(({ length }) => length)).toEqual([40, 0]);
  });

  it('go on where they stopped when the item that the key names is deleted', async () => {
    const fresh = await startEmulator();
    const send = clientOf(fresh);
    const ids = idsOf(fresh.tokensOf('demo'));
    const { body: first } = await send('GET', '/v1/tokens?limit=10');
    await send('DELETE', `/v1/tokens/${ids[9]}`);
    const { body: second } = await send(
      'GET',
      `/v1/tokens?limit=10&exclusiveStartKey=${first.lastEvaluatedKey}`,
    );
    expect(idsOf(second.tokens)).toEqual(ids.slice(10, 20));
    await fresh.close();
  });

  it('show a project once when it is added again between them', async () => {
    const send = clientOf(emulator, 'Bearer again');
    const { body: token } = await send('POST', '/v1/tokens', { body: validInput });
    for (const id of ['p1', 'p2', 'p3']) await emulator.addProject(token.id, { id });
    const path = `/v1/tokens/${token.id}/projects`;
    const { body: first } = await send('GET', `${path}?limit=2`);
    await emulator.addProject(token.id, { id: 'p1', name: 'new' });
    const { body: second } = await send('GET', `${path}?exclusiveStartKey=${first.lastEvaluatedKey}`);
    expect([first, second].map(({ projects }) => idsOf(projects))).toEqual([['p1', 'p2'], ['p3']]);
    const { body: all } = await send('GET', path);
    expect(all.projects).toMatchObject([{ id: 'p1', name: 'new' }, { id: 'p2' }, { id: 'p3' }]);
  });
});

describe('A page key', () => {
  it('is base64url', async () => {
    expect((await demo('GET', '/v1/tokens?limit=1')).body.lastEvaluatedKey).toMatch(/^[\w-]+$/);
  });

  it('belongs to its principal', async () => {
    const { body } = await demo('GET', '/v1/tokens?limit=1');
    const query = `exclusiveStartKey=${body.lastEvaluatedKey}`;
    const stranger = clientOf(emulator, 'Bearer stranger');
    expect(await stranger('GET', `/v1/tokens?${query}`)).toMatchObject({ status: 400 });
  });

  it('belongs to its list', async () => {
    const { body } = await demo('GET', '/v1/tokens?limit=1');
    const path = `/v1/tokens/${tokenNamed('audit-exporter')}/projects`;
    const answer = await demo('GET', `${path}?exclusiveStartKey=${body.lastEvaluatedKey}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { details: [{ issue: 'does not belong to this list' }] },
    });
  });
});

describe('The sample data', () => {
  it('have one token with 250 projects, some with 7 to 40, some with none', async () => {
    const names = ['audit-exporter', 'ci-deployer', 'credential-issuer', 'retired-importer'];
    const counts = await Promise.all(
      names.map(
        async (name) => (await readAll(demo, `/v1/tokens/${tokenNamed(name)}/projects`, 99)).flat().length,
      ),
    );
    expect(counts).toEqual([250, 7, 40, 0]);
  });

  it('share a project among tokens under different policies', async () => {
    const paths = ['billing-worker', 'signing-service'].map(
      (name) => `/v1/tokens/${tokenNamed(name)}/projects`,
    );
    const [one, other] = await Promise.all(
      paths.map(async (path) => (await demo('GET', path)).body.projects[0]),
    );
    expect(one.id).toBe(other.id);
    expect(one.policy.statement[0].action).not.toEqual(other.policy.statement[0].action);
  });

  it('hold both kinds of key info and all four algorithms', () => {
    const methods = emulator.tokensOf('demo').map(({ authenticationMethod }) => authenticationMethod);
    expect(new Set(methods.map(({ signingAlgorithm }) => signingAlgorithm)).size).toBe(4);
    expect(new Set(methods.flatMap(({ publicKeyInfo }) => Object.keys(publicKeyInfo)))).toEqual(
      new Set(['jwks', 'jwksUri']),
    );
  });

  it('have the same ids at every start', async () => {
    const other = await startEmulator();
    expect(other.tokensOf('demo')).toEqual(emulator.tokensOf('demo'));
    await other.close();
  });

  it('are 10 000 tokens with the seed `large`', async () => {
    const large = await startEmulator({ seed: 'large' });
    expect(large.tokensOf('demo')).toHaveLength(10_000);
    await large.close();
  });
});
