import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

// Its ES module does not load, and a program must have one copy of graphql: everything is loaded as CommonJS.
const require = createRequire(import.meta.url);
const { createHandler } = require('graphql-http/lib/use/http');
const { createGraphQLSchema } = require('openapi-to-graphql');

const { PORT, OPENAPI } = process.env;

const { schema } = await createGraphQLSchema(JSON.parse(readFileSync(OPENAPI, 'utf8')), {
  headers: (_method, _path, _title, { context }) => ({ authorization: context.authorization }),
  viewer: false,
});
const context = ({ raw }) => ({ authorization: raw.headers.authorization });
createServer(createHandler({ schema, context })).listen(PORT, '127.0.0.1');
