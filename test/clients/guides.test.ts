import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { startGateway } from '../support/gateway.ts';

/** Below the clients, so that their packages are found. */
const PROJECT = resolve('test/clients/generated/guide');
const TSC = resolve('node_modules/typescript/bin/tsc');
const CODEGEN = resolve('test/clients/node_modules/.bin/graphql-codegen');

/** `tsconfig.app.json` of `npm create vite -- --template react-ts`; files outside `src` are checked the same way. */
const VITE_DEFAULTS = {
  compilerOptions: {
    target: 'es2023',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    module: 'esnext',
    types: ['vite/client'],
    skipLibCheck: true,
    moduleResolution: 'bundler',
    allowImportingTsExtensions: true,
    verbatimModuleSyntax: true,
    moduleDetection: 'force',
    noEmit: true,
    jsx: 'react-jsx',
    strict: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    erasableSyntaxOnly: true,
    noFallthroughCasesInSwitch: true,
    noUncheckedSideEffectImports: true,
    // The tests have Hive Gateway without its command line, where this function is.
    paths: { '@graphql-hive/gateway': ['./hive-gateway.d.ts'] },
  },
  include: ['src', '*.ts'],
};

const HIVE_GATEWAY = `import type { GatewayConfig } from '@graphql-hive/gateway-runtime';
export declare function defineConfig(config: Partial<GatewayConfig>): unknown;
`;

interface Snippet {
  readonly path: string;
  readonly text: string;
}

/** The blocks of code of a page, each of which begins with the path of its file in a comment. */
function snippetsOf(page: string): readonly Snippet[] {
  const blocks = readFileSync(`docs/${page}`, 'utf8').matchAll(/^```(?:tsx?|jsx?)\n(.*?)^```/gms);
  return [...blocks].map(([, text = '']) => {
    const path = /^\/\/ (\S+\.tsx?)\n/.exec(text)?.[1];
    if (!path) throw new Error(`docs/${page}: a block does not begin with the path of its file:\n${text}`);
    return { path, text };
  });
}

function operationsOf(page: string): readonly Snippet[] {
  const blocks = readFileSync(`docs/${page}`, 'utf8').matchAll(
    /^```graphql\n# (src\/operations\/\S+)\n(.*?)^```/gms,
  );
  return [...blocks].map(([, path = '', text = '']) => ({ path, text }));
}

function write(snippets: readonly Snippet[]): void {
  rmSync(PROJECT, { recursive: true, force: true });
  for (const { path, text } of [
    ...snippets,
    { path: 'tsconfig.json', text: JSON.stringify(VITE_DEFAULTS) },
    { path: 'package.json', text: '{ "private": true, "type": "module" }' },
    { path: 'hive-gateway.d.ts', text: HIVE_GATEWAY },
  ]) {
    const file = join(PROJECT, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** What the command wrote, when it failed. */
function run(...args: string[]): string {
  try {
    execFileSync(process.execPath, args, { cwd: PROJECT, encoding: 'utf8', stdio: 'pipe' });
    return '';
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  }
}

describe('The code of the guides', () => {
  it('compiles unchanged in a new Vite project', async () => {
    const gateway = await startGateway({ env: { EXPLORER: 'sandbox' } });
    const pages = readdirSync('docs').filter((name) => name.endsWith('.md'));
    const snippets = [...pages.flatMap(snippetsOf), ...operationsOf('client-guide.md')];
    write(
      snippets.map(({ path, text }) => ({
        path,
        text: path === 'codegen.ts' ? text.replace('http://127.0.0.1:4000', gateway.origin) : text,
      })),
    );
    try {
      // Not `run`: the gateway that codegen reads the schema from is in this process.
      await promisify(execFile)(process.execPath, [CODEGEN, '--config', 'codegen.ts'], { cwd: PROJECT });
    } finally {
      await gateway.close();
    }
    expect(run(TSC, '-p', '.')).toBe('');
    expect(snippets.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'codegen.ts',
        'gateway.config.ts',
        'src/client.ts',
        'src/App.tsx',
        'src/operations/tokens.graphql',
      ]),
    );
  });

  it('needs the packages that the guide installs, and no others', () => {
    const guide = readFileSync('docs/client-guide.md', 'utf8');
    const installed = [...guide.matchAll(/npm install (?:--save-dev )?([^`\n]+)/g)].flatMap(
      ([, names = '']) => names.trim().split(' '),
    );
    // The template of Vite has these. A router's configuration is no part of the project.
    const present = ['react', 'react-dom', 'vite', '@graphql-hive/gateway'];
    const imported = snippetsOf('client-guide.md').flatMap(({ text }) =>
      [...text.matchAll(/from '((?:@[^/']+\/)?[^./'][^/']*)/g)].map(([, name]) => name),
    );
    expect(imported.filter((name) => ![...installed, ...present].includes(String(name)))).toEqual([]);
  });
});
