import { describe, expect, it, jest } from '@jest/globals';
import { type OperationDefinitionNode, parse } from 'graphql';
import type { Config } from '../../../../src/config/config.ts';
import { findConditions } from '../../../../src/graphql/pipeline/compile.ts';
import { createPreparedOperations } from '../../../../src/graphql/pipeline/prepared-operations.ts';
import { findSelectedFields } from '../../../../src/graphql/pipeline/selected-fields.ts';
import { createSchema, readTypeDefs } from '../../../../src/graphql/schema.ts';

const limits = new Proxy({}, { get: () => 30 }) as unknown as Config['limits'];
const schema = createSchema(readTypeDefs());
const execution = { maxCachedDocuments: 2, maxCompiledOperations: 1, compileAfter: 1 };
const create = () => createPreparedOperations(schema, { limits, execution, introspection: true });

const TEXT = '{ __typename }';
const paramsOf = (query: string | undefined) => ({
  query,
  documentId: undefined,
  persistedQuery: undefined,
  operationName: undefined,
  variables: {},
});
const parsedOf = async (text: string) => {
  const document = parse(text);
  const operation = document.definitions[0] as OperationDefinitionNode;
  return { text, hash: `hash of ${text}`, document, operation };
};

describe('Operations', () => {
  it('are prepared once for all requests at the same time, and found from then on', async () => {
    const operations = create();
    const parseText = jest.fn(() => parsedOf(TEXT));
    const [one, other] = await Promise.all([1, 2].map(() => operations.prepare(paramsOf(TEXT), parseText)));
    expect(one).toBe(other);
    expect(operations.prepare(paramsOf(TEXT), parseText)).toBe(one);
    expect(parseText).toHaveBeenCalledTimes(1);
    expect(operations.counts).toEqual({ hits: 1, misses: 1, size: 1 });
  });

  it('are prepared again after an attempt that failed', async () => {
    const operations = create();
    const failing = () => Promise.reject(new Error('not valid'));
    await expect(operations.prepare(paramsOf(TEXT), failing)).rejects.toThrow('not valid');
    expect(await operations.prepare(paramsOf(TEXT), () => parsedOf(TEXT))).toMatchObject({
      text: TEXT,
    });
  });

  it('have their limits also when the text came by its hash', async () => {
    const operations = create();
    const text = `{ ${Array.from({ length: 40 }, (_, i) => `a${i}: __typename`).join(' ')} }`;
    await expect(operations.prepare(paramsOf(undefined), () => parsedOf(text))).rejects.toMatchObject({
      extensions: { code: 'OPERATION_LIMIT_EXCEEDED' },
    });
    expect(operations.counts.size).toBe(0);
  });

  it('above a limit are not validated, and no document enters the store without validation', async () => {
    const operations = create();
    const parseText = jest.fn(() => parsedOf(TEXT));
    await expect(operations.prepare(paramsOf('{ a '.repeat(20)), parseText)).rejects.toThrow();
    expect(parseText).not.toHaveBeenCalled();
    await operations.documentStore.set();
    expect(await operations.documentStore.get(`prefix:hash of ${TEXT}`)).toBeUndefined();
    const { document } = await operations.prepare(paramsOf(TEXT), () => parsedOf(TEXT));
    expect(await operations.documentStore.get(`prefix:hash of ${TEXT}`)).toBe(document);
  });

  it('that were used last are kept', async () => {
    const operations = create();
    const texts = ['{ __typename }', '{ ... { __typename } }', '{ __typename __typename }'];
    for (const text of texts) await operations.prepare(paramsOf(text), () => parsedOf(text));
    const kept = await Promise.all(texts.map((text) => operations.documentStore.get(`hash of ${text}`)));
    expect(kept.map((document) => document !== undefined)).toEqual([false, true, true]);
    expect(operations.counts).toEqual({ hits: 0, misses: 3, size: 2 });
  });
});

describe('An operation', () => {
  const isCompiled = (text: string) => {
    const document = parse(text);
    const operation = document.definitions[0] as OperationDefinitionNode;
    return findConditions(document, operation, findSelectedFields(schema, document, operation)) !== undefined;
  };

  it('that is a query with variables for its arguments is compiled', () => {
    expect(isCompiled('query ($first: Int, $id: ID!) { tokens(first: $first) { nodes { id } } }')).toBe(true);
  });

  it.each([
    ['a mutation', 'mutation ($input: DeleteTokenInput!) { deleteToken(input: $input) { deletedTokenId } }'],
    ['a query with a text', '{ token(id: "x") { id } }'],
    ['a query with a variable inside a list', 'query ($id: ID!) { tokensByIds(ids: [$id]) { id } }'],
    ['a query with a name that every object has', '{ tokens { toString: nodes { id } } }'],
  ])('that is %s is interpreted', (_title, text) => {
    expect(isCompiled(text)).toBe(false);
  });
});
