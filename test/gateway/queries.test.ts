import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, shareGateway } from '../support/gateway.ts';
import { RSA_JWK } from '../support/keys.ts';

const FOLDER = 'docs/queries';
const files = readdirSync(FOLDER).sort();

const gateway = shareGateway();
/** What a reader puts in the place of each placeholder. */
let live: Readonly<Record<string, string>>;

beforeAll(async () => {
  const created = await gateway.query(
    'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } } }',
    {
      input: {
        name: 'to be changed',
        authenticationMethod: {
          signingAlgorithm: 'RS256',
          publicKeyInfo: { jwks: { keys: [RSA_JWK] } },
        },
      },
    },
  );
  const { data } = await gateway.query(`{
    tokens(first: 5) { nodes { id projects(first: 100) { pageInfo { endCursor } } } pageInfo { endCursor } }
  }`);
  const [first, second, , , fifth] = data.tokens.nodes;
  live = {
    '<first token>': first.id,
    '<second token>': second.id,
    '<end cursor of the first page>': data.tokens.pageInfo.endCursor,
    '<token with many projects>': fifth.id,
    '<end cursor of its projects>': fifth.projects.pageInfo.endCursor,
    '<your token>': created.data.createToken.token.id,
  };
});

/** The JSON behind `# variables:` in the comment that opens a document, with the placeholders filled in. */
function readVariables(document: string): object {
  const comment = document.split('\n').filter((line) => line.startsWith('#'));
  const text = comment.map((line) => line.slice(1)).join('\n');
  return JSON.parse(text.slice(text.indexOf('variables:') + 'variables:'.length), (_key, value) =>
    typeof value === 'string' && value.startsWith('<') ? live[value] : value,
  );
}

function expectSuccess({ data, errors }: Answer): void {
  expect(errors).toBeUndefined();
  const [root] = Object.values<Record<string, unknown>>(data);
  expect(root).not.toBeNull();
  const nulls = Object.entries(root ?? {}).filter(([, value]) => value === null);
  expect(nulls.map(([name]) => `${name} is null: the emulator needs a value (seed.ts)`)).toEqual([]);
  expect(root?.userErrors ?? []).toEqual([]);
}

describe('The documents of docs/queries', () => {
  it('are numbered without a gap', () => {
    expect(files.map((file) => Number(/^(\d\d)-[a-z-]+\.graphql$/.exec(file)?.[1]))).toEqual(
      files.map((_file, index) => index + 1),
    );
  });

  it.each(files)('work unchanged: %s', async (file) => {
    const document = readFileSync(`${FOLDER}/${file}`, 'utf8');
    expectSuccess(await gateway.query(document, readVariables(document)));
  });

  it('have no placeholder that this test does not fill in', () => {
    const text = files.map((file) => readFileSync(`${FOLDER}/${file}`, 'utf8')).join('');
    expect([...new Set(text.match(/<[^>]+>/g))].sort()).toEqual(Object.keys(live).sort());
  });
});

describe('The README', () => {
  it('shows the response to its first query', async () => {
    const [, document = '', answer = ''] =
      /```graphql\n(.*?)```.*?```json\n(.*?)```/s.exec(readFileSync('README.md', 'utf8')) ?? [];
    const { data } = await gateway.query(document);
    expect({ data }).toEqual(JSON.parse(answer));
  });
});
