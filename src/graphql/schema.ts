import { readdirSync, readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { createEntityResolvers, SUBGRAPH_FIELDS, toSubgraphSdl } from './federation.ts';
import { resolvers } from './resolvers/index.ts';

// Beside `src` and beside `dist` alike.
const FOLDER = new URL('../../schema/', import.meta.url);

/** The schema's source, files in alphabetical order, descriptions and directives as written. */
export function readTypeDefs(): string {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.graphql'));
  return files
    .sort()
    .map((name) => readFileSync(new URL(name, FOLDER), 'utf8').trim())
    .join('\n\n');
}

/** With `federation`, what a router asks a subgraph for as well. */
export function createSchema(typeDefs: string, { federation = false } = {}): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: federation ? [typeDefs, SUBGRAPH_FIELDS] : typeDefs,
    resolvers: federation ? [resolvers, createEntityResolvers(toSubgraphSdl(typeDefs))] : resolvers,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
}
