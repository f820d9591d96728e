// Bundles GraphiQL into dist/graphiql, each file plain and compressed. Installs its packages first if needed.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { install } from '../packages.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const outdir = fileURLToPath(new URL('../../dist/graphiql', import.meta.url));
const QUERIES = fileURLToPath(new URL('../../docs/queries', import.meta.url));
/** The documents of `docs/queries` that open as tabs. */
const TABS = ['01-first-page', '03-one-token', '06-projects-of-a-token', '07-create-a-token'];

install(here, 'GraphiQL');
const { build } = await import('esbuild');
console.error('Bundling GraphiQL…');

const sampleOperations = {
  name: 'sample-operations',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^sample-operations$/ }, ({ path }) => ({ path, namespace: 'samples' }));
    onLoad({ filter: /.*/, namespace: 'samples' }, () => ({
      contents: `export const tabs = ${JSON.stringify(TABS.map(readTab))}`,
    }));
  },
};

/** graphql-language-service treats a non-null input field as required even if it has a default. */
const defaultedFields = {
  name: 'defaulted-fields',
  setup({ onLoad }) {
    onLoad({ filter: /esm[\\/]utils[\\/]getVariablesJSONSchema\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace(
        'return { required, definition, definitions };',
        "return { required: required && !('defaultValue' in fieldOrType && fieldOrType.defaultValue !== undefined), definition, definitions };",
      );
      if (contents === text) throw new Error(`${path} has changed: is the correction still needed?`);
      return { contents };
    });
  },
};

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: here,
  outdir,
  entryPoints: {
    main: 'main.jsx',
    editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
    json: 'monaco-editor/esm/vs/language/json/json.worker.js',
    graphql: 'monaco-graphql/esm/graphql.worker.js',
  },
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl' },
  plugins: [sampleOperations, defaultedFields],
  legalComments: 'eof',
  logLevel: 'warning',
});

for (const name of readdirSync(outdir)) {
  const compressed = gzipSync(readFileSync(join(outdir, name)), { level: 9 });
  writeFileSync(join(outdir, `${name}.gz`), compressed);
}

/**
 * The comment at the head of a document ends with its variables. The cursor is left out, because there is none yet, and so
 * is the idempotency key: with a fixed one every run would return the first token again.
 */
function readTab(name) {
  const text = readFileSync(join(QUERIES, `${name}.graphql`), 'utf8');
  const [comment] = /^(#.*\n)+/.exec(text);
  const [what, variables = '{}'] = comment.replace(/^# ?/gm, '').split('variables:');
  const reusable = (key, value) => (key === 'after' || key === 'idempotencyKey' ? undefined : value);
  return {
    query: `${what.trim().replace(/^/gm, '# ')}\n${text.slice(comment.length)}`,
    variables: JSON.stringify(JSON.parse(variables, reusable), undefined, 2),
  };
}
