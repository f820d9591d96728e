import { createReadStream, readdirSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { type Config, ConfigError } from '../config/config.ts';
import { createPage, type HtmlPage, toScriptValue } from './page.ts';

// Beside `src` and `dist` alike; `node tools/graphiql/build.mjs` writes it.
const FOLDER = new URL('../../dist/graphiql/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** An `Accept-Encoding` that allows gzip (RFC 9110 section 12.4.2: a weight of 0 means "not acceptable"). */
const GZIP = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i;

/** The editor adds styles by script, and its style sheet contains its fonts. Nothing is loaded from another host. */
const POLICY = {
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'font-src': "'self' data:",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'worker-src': "'self'",
};

/**
 * Whether GraphiQL is served. Throws a `ConfigError` when its files are missing: they are large, so the build of the
 * gateway does not include them.
 */
export function checkGraphiql(explorer: Config['explorer']): boolean {
  const isServed = explorer === 'graphiql' || explorer === 'both';
  if (isServed && !listFiles().includes('main.js')) throw new ConfigError([MISSING]);
  return isServed;
}

const MISSING =
  'EXPLORER=graphiql and both need the files of GraphiQL: run `node tools/graphiql/build.mjs` first';

/** Serves GraphiQL on `/graphiql`. Its files are served by this process, so it works without the internet. */
export function serveGraphiql(app: FastifyInstance, sampleAuthorization: string | undefined): void {
  const page = toPage(sampleAuthorization);
  app.get('/graphiql', async (_request, reply) => reply.headers(page.headers).send(page.html));
  const names = listFiles();
  for (const name of names) {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined) continue;
    app.get(`/graphiql/${name}`, async ({ headers }, reply) => {
      const isCompressed = names.includes(`${name}.gz`) && GZIP.test(headers['accept-encoding'] ?? '');
      reply.type(type).header('vary', 'accept-encoding');
      // The browser applies the content security policy of a worker's file to that worker.
      reply.header('content-security-policy', page.headers['content-security-policy']);
      if (isCompressed) reply.header('content-encoding', 'gzip');
      return reply.send(createReadStream(new URL(isCompressed ? `${name}.gz` : name, FOLDER)));
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

/** Only the emulator has a sample credential; with it, the sample operations use tokens of the emulator. */
function toPage(sampleAuthorization: string | undefined): HtmlPage {
  const isEmulator = sampleAuthorization !== undefined;
  const authorization = sampleAuthorization ?? 'Bearer <your credential>';
  return createPage({
    title: 'GraphiQL: Tokens Gateway',
    head: '<link rel="stylesheet" href="/graphiql/main.css">',
    body: `<div id="graphiql">Loading…</div>
<script type="application/json" id="settings">${toScriptValue({ authorization, isEmulator })}</script>
<script src="/graphiql/main.js"></script>`,
    policy: POLICY,
  });
}
