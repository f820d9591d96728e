import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildClientSchema, buildSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { type Gateway, startGateway } from '../support/gateway.ts';

let gateway: Gateway;
let folder: string;
beforeAll(async () => {
  gateway = await startGateway();
  folder = mkdtempSync(join(tmpdir(), 'tokens-gateway-schema-'));
  execFileSync(process.execPath, ['tools/schema-print.mjs', folder]);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await gateway.close();
});

describe('The printed schema', () => {
  it('is the one that the gateway serves', async () => {
    const served = await fetch(`${gateway.origin}/schema.graphql`);
    const printed = readFileSync(join(folder, 'schema.graphql'), 'utf8');
    expect(await served.text()).toBe(printed);
    expect(printed).toContain('): TokenConnection @semanticNonNull');
    expect(printed).toContain('"""Display name that the owner gave."""');
  });

  it('says the same as introspection, one-of inputs included', () => {
    const introspection = JSON.parse(readFileSync(join(folder, 'schema.json'), 'utf8'));
    const input = introspection.__schema.types.find(
      ({ name }: { name: string }) => name === 'PublicKeyInfoInput',
    );
    expect(input.isOneOf).toBe(true);
    const fromText = buildSchema(readFileSync(join(folder, 'schema.graphql'), 'utf8'));
    const types = (schema: typeof fromText) =>
      Object.keys(lexicographicSortSchema(schema).getTypeMap()).filter((name) => !name.startsWith('__'));
    expect(types(buildClientSchema(introspection))).toEqual(types(fromText));
    expect(printSchema(buildClientSchema(introspection))).toContain('input PublicKeyInfoInput @oneOf');
  });
});
