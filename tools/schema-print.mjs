// Writes the schema for tools: schema.graphql (SDL) and schema.json (the introspection result). Usage:
// node tools/schema-print.mjs [folder], by default `dist`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { introspectionFromSchema } from 'graphql';
import { createSchema, readTypeDefs } from '../dist/graphql/schema.js';

const [folder = 'dist'] = process.argv.slice(2);
if (folder.startsWith('-')) {
  console.error('Usage: node tools/schema-print.mjs [folder]');
  process.exit(1);
}
const typeDefs = readTypeDefs();
const introspection = introspectionFromSchema(createSchema(typeDefs), {
  specifiedByUrl: true,
  oneOf: true,
  inputValueDeprecation: true,
});
const files = {
  'schema.graphql': `${typeDefs}\n`,
  'schema.json': `${JSON.stringify(introspection, undefined, 2)}\n`,
};
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(files)) {
  writeFileSync(join(folder, name), text);
  console.log(join(folder, name));
}
