// Checks a client's manifest of documents against the schema and the limits of this gateway, with what each document may
// cost at most. For a client's CI: exit code 0 says that all of them will run, 1 that some will not, 2 that there is no
// manifest to check.
import { readFileSync } from 'node:fs';
import { GraphQLError, Kind, parse, validate } from 'graphql';
import { ConfigError, readConfig } from '../dist/config/config.js';
import { parseManifest } from '../dist/config/documents-manifest.js';
import { createDocumentInspector } from '../dist/graphql/pipeline/inspect.js';
import { createSchema, readTypeDefs } from '../dist/graphql/schema.js';

const [file] = process.argv.slice(2);
const schema = createSchema(readTypeDefs());
const inspect = createDocumentInspector(readLimits());

let problems = 0;
for (const [id, text] of readManifest(file)) {
  for (const { name, problem, warning, cost } of check(text)) {
    if (problem) problems++;
    const verdict = problem ? 'refused' : warning ? 'warning' : 'ok';
    const figures = cost ? `fields at most ${cost.fieldCost}, IAM calls at most ${cost.upstreamCalls}` : '';
    console.log([verdict.padEnd(8), id, name, figures, problem ?? warning].filter(Boolean).join('  '));
  }
}
if (problems > 0) console.log(`${problems} of these will not run: see above.`);
process.exitCode = problems > 0 ? 1 : 0;

/** One line for each operation of the document, or one for the whole where it cannot be read. */
function check(text) {
  try {
    const document = parse(text);
    const errors = validate(schema, document);
    if (errors.length > 0) return errors.map(({ message }) => ({ name: nameOf(document), problem: message }));
    return inspect(text, document).map(({ operation, ...found }) => ({ name: labelOf(operation), ...found }));
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return [{ name: '', problem: error.message }];
  }
}

function nameOf({ definitions }) {
  const operation = definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return operation ? labelOf(operation) : '';
}

function labelOf({ operation, name }) {
  return `${operation} ${name?.value ?? '(anonymous)'}`;
}

function readManifest(path) {
  if (path === undefined) fail('Usage: npm run documents:check -- MANIFEST.json');
  try {
    return parseManifest(readFileSync(path, 'utf8'));
  } catch (error) {
    return fail(`${path}: ${error.message}`);
  }
}

/** Those of a gateway with this environment. */
function readLimits() {
  const limits = Object.entries(process.env).filter(([name]) => name.startsWith('MAX_'));
  try {
    return readConfig({ EMULATOR: 'true', ...Object.fromEntries(limits) }, () => '').limits;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return fail(error.message);
  }
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
