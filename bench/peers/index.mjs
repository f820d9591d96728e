/**
 * The peers. One with a `folder` has its own packages, which `node bench/setup.mjs` installs. `prepare` writes files that
 * it needs and returns its environment (UPSTREAM by default). `command` starts it on PORT.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createOpenApi } from './openapi.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { execPath: node } = process;

export const PEERS = {
  k: {
    title: 'floor: node:http + undici, no GraphQL',
    dialect: 'relay',
    command: () => [node, join(here, 'floor.mjs')],
  },
  c: {
    title: 'Tailcall (Rust)',
    folder: 'tailcall',
    package: '@tailcallhq/core-linux-x64-gnu',
    dialect: 'rest',
    prepare({ upstream, port, work, folder }) {
      const template = readFileSync(join(folder, 'schema.graphql'), 'utf8');
      const schema = join(work, 'tailcall.graphql');
      writeFileSync(schema, template.replaceAll('UPSTREAM', upstream).replace('port: PORT', `port: ${port}`));
      return { TAILCALL_SCHEMA: schema, TAILCALL_LOG_LEVEL: 'error', TC_TRACKER: 'false' };
    },
    command: ({ folder, env }) => [
      join(folder, 'node_modules/@tailcallhq/core-linux-x64-gnu/bin/tailcall'),
      'start',
      env.TAILCALL_SCHEMA,
    ],
  },
  dj: {
    title: 'Mercurius + jit + undici',
    folder: 'mercurius',
    package: 'mercurius',
    dialect: 'relay',
    command: ({ folder }) => [node, join(folder, 'server.mjs')],
  },
  e: {
    title: 'graphql-yoga + dataloader + undici',
    folder: 'yoga',
    package: 'graphql-yoga',
    dialect: 'relay',
    command: ({ folder }) => [node, join(folder, 'server.mjs')],
  },
  b: {
    title: 'openapi-to-graphql',
    folder: 'openapi-to-graphql',
    package: 'openapi-to-graphql',
    dialect: 'openapi',
    prepare: ({ upstream, work }) => ({ OPENAPI: writeOpenApi(upstream, work, { links: true }) }),
    command: ({ folder }) => [node, join(folder, 'server.mjs')],
  },
  f: {
    title: 'Apollo Server, defaults + got',
    dialect: 'relay',
    command: () => [node, join(here, 'apollo.mjs')],
  },
  a: {
    title: 'Hive Gateway (Mesh OpenAPI)',
    folder: 'hive',
    package: '@graphql-hive/gateway',
    dialect: 'mesh',
    prepare({ upstream, work, folder }) {
      const supergraph = join(work, 'supergraph.graphql');
      const openApi = writeOpenApi(upstream, work, { links: false });
      execFileSync(node, [bin(folder, 'mesh-compose'), '-c', 'mesh.config.mjs', '-o', supergraph], {
        cwd: folder,
        stdio: 'pipe',
        env: { ...process.env, UPSTREAM: upstream, OPENAPI: openApi },
      });
      return { SUPERGRAPH: supergraph };
    },
    command: ({ folder, env, port }) => [
      node,
      bin(folder, 'hive-gateway'),
      ...['supergraph', env.SUPERGRAPH, '-c', 'gateway.config.mjs'],
      ...['--host', '127.0.0.1', '--port', String(port), '--fork', '1'],
    ],
  },
};

export function folderOf({ folder = '.' }) {
  return join(here, folder);
}

export function isInstalled(peer) {
  return peer.folder === undefined || existsSync(join(folderOf(peer), 'node_modules'));
}

/** The title with the installed version. */
export function titleOf(peer) {
  if (peer.package === undefined) return peer.title;
  const { dependencies } = JSON.parse(readFileSync(join(folderOf(peer), 'package.json'), 'utf8'));
  return `${peer.title} ${dependencies[peer.package]}`;
}

function bin(folder, name) {
  return join(folder, 'node_modules/.bin', name);
}

function writeOpenApi(upstream, work, options) {
  const path = join(work, options.links ? 'openapi-links.json' : 'openapi.json');
  writeFileSync(path, JSON.stringify(createOpenApi(upstream, options)));
  return path;
}
