// Makes the clients ready: installs them if that is needed, and writes what their compilers make of the documents.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { install } from '../../tools/packages.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

install(here, 'the clients');
// As a frontend gets it: from the gateway's /schema.graphql, or by this.
run(process.execPath, ['tools/schema-print.mjs'], root);
mkdirSync(`${here}generated/relay`, { recursive: true });
copyFileSync(`${root}dist/schema.graphql`, `${here}generated/schema.graphql`);
run(process.execPath, ['node_modules/relay-compiler/cli.js'], here);
run(process.execPath, ['node_modules/.bin/graphql-codegen', '--config', 'codegen.mjs'], here);
// Wrong types of a client's are failures too: the schema says what may be null.
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'test/clients/tsconfig.json'], root);

/** Quiet while it goes well. */
function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return;
  console.error(`${stdout}${stderr}`);
  process.exit(1);
}
