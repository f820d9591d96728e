import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/**
 * The folders and files of `src/`, and what each may import of the others. The first entry that contains a file applies.
 * A change here is a commit of its own.
 */
const folders: Readonly<Record<string, readonly string[]>> = {
  // Little, so that signals are caught early: it loads the rest.
  'main.ts': [
    'arguments.ts',
    'channel.ts',
    'config/',
    'descriptors.ts',
    'emulator/emulator.ts',
    'gateway.ts',
    'http/app.ts',
    'http/graphiql.ts',
    'signals.ts',
    'telemetry/build.ts',
    'telemetry/failures.ts',
    'telemetry/output.ts',
    'text-file.ts',
  ],
  // One gateway process, or a primary process with its workers.
  'gateway.ts': [
    'channel.ts',
    'cluster.ts',
    'config/',
    'drain.ts',
    'emulator/',
    'server.ts',
    'signals.ts',
    'state/',
    'telemetry/',
  ],
  'arguments.ts': ['config/'],
  'descriptors.ts': ['config/', 'http/connections.ts'],
  'drain.ts': ['emulator/', 'server.ts', 'telemetry/'],
  'signals.ts': [],
  // Messages between a primary process and its workers.
  'channel.ts': [],
  // The composition root. No module that it composes imports it.
  'server.ts': [
    'admission/',
    'auth/',
    'channel.ts',
    'config/',
    'connection-failure.ts',
    'graphql/',
    'http/',
    'state/',
    'telemetry/',
    'tokens/',
    'upstream/',
  ],
  'cluster.ts': ['channel.ts', 'config/', 'http/', 'state/', 'telemetry/'],
  'errors.ts': ['auth/', 'upstream/'],
  'config/': ['json.ts', 'keys/'],
  // Why a server cannot be reached, in words.
  'connection-failure.ts': [],
  'text-file.ts': ['config/'],
  'json.ts': [],
  // Public and private keys as text: what every reader of one must check.
  'keys/': [],
  'http/': ['config/', 'json.ts', 'telemetry/'],
  'admission/': ['errors.ts', 'http/', 'state/'],
  'graphql/': [
    'admission/',
    'auth/',
    'config/',
    'errors.ts',
    'http/',
    'json.ts',
    'state/',
    'telemetry/',
    'text-file.ts',
    'tokens/',
    'upstream/',
  ],
  'tokens/': ['json.ts', 'keys/', 'state/', 'upstream/'],
  'auth/': [
    'config/',
    'connection-failure.ts',
    'keys/',
    'telemetry/failures.ts',
    'text-file.ts',
    'upstream/',
  ],
  // The budget of retries is a token bucket.
  'upstream/': ['config/', 'json.ts', 'state/token-bucket.ts'],
  // Types of the reports of upstream calls.
  'telemetry/': ['channel.ts', 'upstream/attempt.ts'],
  'state/': ['channel.ts', 'config/', 'connection-failure.ts', 'telemetry/failures.ts'],
  // The emulator alone.
  'emulator/main.ts': ['config/', 'emulator/'],
  // The models that are generated from the OpenAPI document, and nothing else of the client of IAM.
  'emulator/': ['config/urls.ts', 'json.ts', 'text-file.ts', 'upstream/generated.ts'],
};

/** The files that may import each npm package. */
const importers: Readonly<Record<string, readonly string[]>> = {
  '@apollo/server': ['graphql/apollo.ts', 'graphql/mask-error.ts'],
  '@fastify/cors': ['http/'],
  '@graphql-tools/schema': ['graphql/schema.ts'],
  '@opentelemetry/api': ['telemetry/'],
  '@opentelemetry/core': ['telemetry/'],
  '@opentelemetry/exporter-trace-otlp-proto': ['telemetry/'],
  '@opentelemetry/resources': ['telemetry/'],
  '@opentelemetry/sdk-trace-base': ['telemetry/'],
  ajv: ['upstream/', 'emulator/'],
  dataloader: ['tokens/loaders.ts'],
  fastify: [
    'admission/',
    'cluster.ts',
    'drain.ts',
    'emulator/',
    'graphql/',
    'http/',
    'server.ts',
    'state/',
    'telemetry/',
  ],
  got: ['upstream/'],
  graphql: ['admission/', 'errors.ts', 'graphql/'],
  'graphql-jit': ['graphql/pipeline/'],
  ioredis: ['state/'],
  jose: ['auth/', 'emulator/'],
  'lru-cache': ['graphql/', 'http/', 'state/', 'tokens/', 'upstream/connect.ts'],
  negotiator: ['http/media-type.ts'],
  'prom-client': ['http/', 'telemetry/'],
  pino: ['telemetry/log.ts'],
  undici: ['upstream/'],
};

const readersOfTheProcess = ['main.ts', 'emulator/main.ts'];
const MAX_LINES = 250;

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

const written = sources.filter(({ path }) => !path.endsWith('generated.ts'));

function isWithin(path: string, folder: string): boolean {
  return folder.endsWith('/') ? path.startsWith(folder) : path === folder;
}

function folderOf(path: string): string | undefined {
  return Object.keys(folders).find((folder) => isWithin(path, folder));
}

describe('Imports between the folders of src/', () => {
  it('each file is in a folder of the table', () => {
    expect(sources.map(({ path }) => path).filter((path) => folderOf(path) === undefined)).toEqual([]);
  });

  it.each(Object.entries(folders))('%s imports only what the table allows', (folder, allowed) => {
    const files = sources.filter(({ path }) => folderOf(path) === folder);
    const wrong = files.flatMap(({ path, imports }) =>
      imports
        .filter((name) => name.startsWith('.'))
        .map((name) => posix.join(posix.dirname(path), name))
        .filter((target) => ![folder, ...allowed].some((other) => isWithin(target, other)))
        .map((target) => `${path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('Imports of npm packages', () => {
  it('each dependency is in the table', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(Object.keys(importers).sort()).toEqual(Object.keys(dependencies).sort());
  });

  it('only the listed files import a package', () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      imports
        .filter((name) => !/^(\.|node:)/.test(name))
        .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name)
        .filter((name) => !importers[name]?.some((place) => isWithin(path, place)))
        .map((name) => `${path} → ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('the configuration and the connections of GraphQL import no package, and of Node.js only node:net', () => {
    const pure = sources.filter(({ path }) => /^(config\/|graphql\/pagination\/connection)/.test(path));
    const needed = pure.flatMap(({ imports }) => imports.filter((name) => !name.startsWith('.')));
    // For `isIP`.
    expect(needed.filter((name) => name !== 'node:net')).toEqual([]);
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
