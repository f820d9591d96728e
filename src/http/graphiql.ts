import { createReadStream, readdirSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { toScriptValue } from './page.ts';

// Beside `src` and `dist` alike; `node tools/graphiql/build.mjs` writes it.
const FOLDER = new URL('../../dist/graphiql/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** The editor sets styles by itself, and its fonts are in its style sheet. Nothing comes from another host. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Whether its files are there: they are built apart, as not every installation wants their size. */
export function isGraphiqlBuilt(): boolean {
  return listFiles().includes('main.js');
}

/** GraphiQL on `/graphiql`, wholly from this process: it works without the internet. */
export function graphiql(app: FastifyInstance, sampleAuthorization: string | undefined): void {
  const page = toPage(sampleAuthorization);
  app.get('/graphiql', async (_request, reply) =>
    reply
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .header('referrer-policy', 'no-referrer')
      .type('text/html; charset=utf-8')
      .send(page),
  );
  const names = listFiles();
  for (const name of names) {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined) continue;
    app.get(`/graphiql/${name}`, async ({ headers }, reply) => {
      const isPacked = names.includes(`${name}.gz`) && /\bgzip\b/.test(headers['accept-encoding'] ?? '');
      reply.type(type).header('vary', 'accept-encoding');
      // A worker runs under the policy of its own file.
      reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
      if (isPacked) reply.header('content-encoding', 'gzip');
      return reply.send(createReadStream(new URL(isPacked ? `${name}.gz` : name, FOLDER)));
    });
  }
}

function listFiles(): readonly string[] {
  try {
    return readdirSync(FOLDER);
  } catch {
    return [];
  }
}

/** Over the emulator, which alone has a sample credential, the samples name its tokens. */
function toPage(sampleAuthorization: string | undefined): string {
  const isEmulator = sampleAuthorization !== undefined;
  const authorization = sampleAuthorization ?? 'Bearer <your user access token>';
  const settings = toScriptValue({ authorization, isEmulator });
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="data:,">
    <title>GraphiQL: Tokens Gateway</title>
    <link rel="stylesheet" href="/graphiql/main.css">
  </head>
  <body>
    <div id="graphiql">Loading…</div>
    <script type="application/json" id="settings">${settings}</script>
    <script src="/graphiql/main.js"></script>
  </body>
</html>
`;
}
