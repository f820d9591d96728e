import { readdirSync, readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { createEntityResolvers, SUBGRAPH_FIELDS, toSubgraphSdl } from './federation.ts';
import { resolvers } from './resolvers/index.ts';

// The path is the same from `src/graphql/` and from `dist/graphql/`.
const FOLDER = new URL('../../schema/', import.meta.url);

/** The schema's source, files in alphabetical order, descriptions and directives as written. */
export function readTypeDefs(): string {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.graphql'));
  return files
    .sort()
    .map((name) => readFileSync(new URL(name, FOLDER), 'utf8').trim())
    .join('\n\n');
}

/** With `federation`, the schema also has the root fields of a Federation 2 subgraph. */
export function createSchema(typeDefs: string, { federation = false } = {}): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: federation ? [typeDefs, SUBGRAPH_FIELDS] : typeDefs,
    resolvers: federation ? [resolvers, createEntityResolvers(toSubgraphSdl(typeDefs))] : resolvers,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
}
