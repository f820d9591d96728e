import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createHandler } from 'graphql-http/lib/use/http';
import { createGraphQLSchema } from 'openapi-to-graphql';

const { PORT, OPENAPI } = process.env;

const { schema } = await createGraphQLSchema(JSON.parse(readFileSync(OPENAPI, 'utf8')), {
  headers: (_method, _path, _title, { context }) => ({ authorization: context.authorization }),
  viewer: false,
});
const context = ({ raw }) => ({ authorization: raw.headers.authorization });
createServer(createHandler({ schema, context })).listen(PORT, '127.0.0.1');
