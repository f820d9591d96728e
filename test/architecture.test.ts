import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/**
 * Who may import whom: a part of `src/`, and what it may import of the others. A part is a file, or a folder with a
 * slash; the longest name that fits a file is its part. A change here is a commit of its own.
 */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'main.ts': [
    'bug.ts',
    'config.ts',
    'auth-options.ts',
    'server.ts',
    'emulator/',
    'state/primary.ts',
    'workers.ts',
  ],
  // Assembly of the primary process, where there are several.
  'workers.ts': ['admin.ts', 'config.ts', 'plugins/', 'state/primary.ts'],
  'admin.ts': ['config.ts', 'plugins/'],
  'config.ts': ['config/'],
  'config/': [],
  'auth-options.ts': ['config.ts', 'auth/'],
  // Assembly. What it assembles does not know it.
  'pat-probe.ts': ['auth/caller.ts', 'upstream/client.ts', 'upstream/deadline.ts'],
  'server.ts': [
    'admin.ts',
    'state/primary.ts',
    'pat-probe.ts',
    'apollo.ts',
    'auth/',
    'config.ts',
    'context.ts',
    'document-store.ts',
    'executor.ts',
    'graphql-http.ts',
    'idempotency.ts',
    'plugins/',
    'schema.ts',
    'shared-state.ts',
    'trusted-documents.ts',
    'upstream/',
  ],
  'trusted-documents.ts': ['config.ts', 'config/manifest.ts'],
  'shared-state.ts': ['config.ts', 'state/'],
  'graphql-http.ts': [
    'auth/caller.ts',
    'context.ts',
    'plugins/',
    'run-operation.ts',
    'shared-key.ts',
    'upstream/',
  ],
  'run-operation.ts': ['apollo-http.ts', 'auth/caller.ts', 'context.ts', 'plugins/', 'upstream/'],
  'apollo-http.ts': ['plugins/'],
  'shared-key.ts': ['plugins/json-body.ts'],
  'apollo.ts': [
    'context.ts',
    'document-store.ts',
    'executor.ts',
    'format-error.ts',
    'plugins/',
    'state/',
    'trusted-documents.ts',
  ],
  'executor.ts': ['context.ts', 'specialize.ts'],
  'specialize.ts': [],
  'document-store.ts': [],
  'schema.ts': ['resolvers/', 'subgraph.ts'],
  'subgraph.ts': [],
  'format-error.ts': [],
  'plugins/': ['auth/caller.ts', 'bug.ts', 'context.ts', 'errors.ts', 'executor.ts', 'state/'],
  'context.ts': ['auth/', 'errors.ts', 'idempotency.ts', 'loaders.ts', 'upstream/'],
  // No URL, transport or HTTP status is known from here on down to the loaders.
  'resolvers/': [
    'connection.ts',
    'context.ts',
    'errors.ts',
    'generated/',
    'idempotency.ts',
    'loaders.ts',
    'upstream/dto.ts',
    'upstream/error.ts',
    'upstream/id.ts',
    'upstream/public-key.ts',
    'upstream/types.ts',
  ],
  'generated/': ['connection.ts', 'context.ts', 'resolvers/', 'upstream/types.ts'],
  'lookalikes.ts': ['loaders.ts', 'upstream/types.ts'],
  'idempotency.ts': ['loaders.ts', 'lookalikes.ts', 'state/', 'upstream/error.ts', 'upstream/types.ts'],
  'connection.ts': ['cursor.ts', 'errors.ts', 'upstream/dto.ts', 'upstream/error.ts'],
  'cursor.ts': [],
  'bug.ts': [],
  'errors.ts': ['auth/auth-error.ts', 'upstream/error.ts', 'upstream/status.ts'],
  'loaders.ts': ['generated/iam.ts', 'upstream/'],
  'auth/': ['upstream/error.ts', 'upstream/stop.ts', 'upstream/transport.ts'],
  'upstream/': ['generated/iam.ts'],
  'state/': [],
  'emulator/': ['generated/iam.ts'],
};

/** The homes of each npm package. */
const homes: Readonly<Record<string, readonly string[]>> = {
  '@apollo/server': ['apollo.ts', 'apollo-http.ts', 'format-error.ts', 'run-operation.ts', 'plugins/'],
  '@fastify/cors': ['plugins/'],
  '@graphql-tools/schema': ['schema.ts'],
  '@opentelemetry/api': ['plugins/'],
  '@opentelemetry/core': ['plugins/'],
  '@opentelemetry/exporter-trace-otlp-proto': ['plugins/'],
  '@opentelemetry/resources': ['plugins/'],
  '@opentelemetry/sdk-trace-base': ['plugins/'],
  ajv: ['upstream/', 'emulator/'],
  'ajv-formats': ['upstream/', 'emulator/'],
  dataloader: ['loaders.ts'],
  fastify: [
    'admin.ts',
    'workers.ts',
    'server.ts',
    'shared-state.ts',
    'apollo.ts',
    'apollo-http.ts',
    'graphql-http.ts',
    'run-operation.ts',
    'shared-key.ts',
    'plugins/',
    'emulator/',
  ],
  got: ['upstream/'],
  graphql: [
    'apollo.ts',
    'document-store.ts',
    'errors.ts',
    'executor.ts',
    'format-error.ts',
    'generated/',
    'plugins/',
    'resolvers/',
    'run-operation.ts',
    'schema.ts',
    'specialize.ts',
    'subgraph.ts',
    'trusted-documents.ts',
  ],
  'graphql-jit': ['executor.ts'],
  ioredis: ['state/'],
  jose: ['auth/', 'emulator/'],
  'lru-cache': ['apollo-http.ts', 'document-store.ts', 'executor.ts', 'plugins/'],
  'prom-client': ['admin.ts', 'plugins/'],
  pino: ['main.ts', 'server.ts', 'plugins/'],
  undici: ['upstream/'],
};

const readersOfTheProcess = ['main.ts', 'emulator/main.ts'];
const MAX_LINES = 200;

interface SourceFile {
  /** Below `src/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

/** All that git has, or would have. */
const repository = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(path));

const sources: readonly SourceFile[] = repository
  .filter((path) => /^src\/.*\.ts$/.test(path))
  .map((path) => {
    const text = readFileSync(path, 'utf8');
    const found = text.matchAll(
      /^(?:import|export|\})[^'"]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
    );
    return {
      path: path.slice('src/'.length),
      text,
      imports: [...found].map((match) => match.slice(1).join('')),
    };
  });

const written = sources.filter(({ path }) => !path.startsWith('generated/'));

function isWithin(path: string, part: string): boolean {
  return part.endsWith('/') ? path.startsWith(part) : path === part;
}

function partOf(path: string): string {
  return Object.keys(arrows).find((part) => isWithin(path, part)) ?? `no part: ${path}`;
}

describe('Who imports whom', () => {
  it('every file belongs to a part', () => {
    expect(sources.map(({ path }) => partOf(path)).filter((part) => part.startsWith('no part'))).toEqual([]);
  });

  it.each(Object.entries(arrows))('%s imports what it may', (part, allowed) => {
    const files = sources.filter(({ path }) => partOf(path) === part);
    const wrong = files.flatMap(({ path, imports }) =>
      imports
        .filter((name) => name.startsWith('.'))
        .map((name) => posix.join(posix.dirname(path), name))
        .filter((target) => ![part, ...allowed].some((other) => isWithin(target, other)))
        .map((target) => `${path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('Each npm package has its homes', () => {
  it('and each that we depend on is in the table', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(Object.keys(homes).sort()).toEqual(Object.keys(dependencies).sort());
  });

  it('nobody else imports it', () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      imports
        .filter((name) => !/^(\.|node:)/.test(name))
        .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name)
        .filter((name) => !homes[name]?.some((home) => isWithin(path, home)))
        .map((name) => `${path} → ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('config and connection need nothing, not even of Node.js', () => {
    const pure = sources.filter(({ path }) => /^(config|connection)/.test(path));
    expect(pure.flatMap(({ imports }) => imports.filter((name) => !name.startsWith('.')))).toEqual([]);
  });
});

describe('Each source file', () => {
  it('leaves environment and arguments to the entries', () => {
    const readers = written.filter(({ text }) => /\bprocess\.(env|argv)\b|node:process/.test(text));
    expect(readers.map(({ path }) => path).filter((path) => !readersOfTheProcess.includes(path))).toEqual([]);
  });

  it(`has at most ${MAX_LINES} lines`, () => {
    const lengths = written.map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }));
    expect(lengths.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
  });

  it('exports names only', () => {
    expect(written.filter(({ text }) => /^export default\b/m.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe('The repository stands by itself', () => {
  // Put together, so that this file does not hold them.
  const outside = [
    ['a folder beside it', ['..', 'shared'].join('/')],
    ['a path of one machine', ['', 'work', ''].join('/')],
    ['an address to download from', ['"resol', 'ved":'].join('')],
    ['a package registry', ['registry', 'npmjs'].join('.')],
  ] as const;

  it.each(outside)('no file mentions %s', (_, mention) => {
    expect(repository.filter((path) => readFileSync(path, 'utf8').includes(mention))).toEqual([]);
  });

  // npm records only what it could see when the file was made; without the rest `npm ci` refuses or lacks a binary.
  it('the lock file has the packages of every platform', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
    const optional = Object.entries<{ optionalDependencies?: Record<string, string> }>(packages).flatMap(
      ([parent, { optionalDependencies = {} }]) =>
        Object.keys(optionalDependencies).map((name) => [
          `${parent}/node_modules/${name}`,
          `node_modules/${name}`,
        ]),
    );
    expect(optional.filter((places) => !places.some((place) => place in packages))).toEqual([]);
  });
});
