// Checks a client's manifest of documents against the schema and the limits of this gateway, and prints the maximum cost of
// each operation. For a client's CI. Exit code 0: all of them will run; 1: some will not; 2: there is no readable manifest.
import { GraphQLError, isInputObjectType, Kind, parse, typeFromAST, validate } from 'graphql';
import { ConfigError, readConfig } from '../dist/config/config.js';
import { parseManifest } from '../dist/config/documents-manifest.js';
import { MAX_FILE_BYTES } from '../dist/config/read-file.js';
import { checkDocument, checkText, limitCost } from '../dist/graphql/pipeline/checks.js';
import { costOf } from '../dist/graphql/pipeline/cost.js';
import { findSelectedFields } from '../dist/graphql/pipeline/selected-fields.js';
import { createSchema, readTypeDefs } from '../dist/graphql/schema.js';
import { readTextFile } from '../dist/text-file.js';

const files = process.argv.slice(2);
const config = readEnvironment();
const { limits } = config;
const schema = createSchema(readTypeDefs(), config);
/** The value of an integer variable, and the length of a list variable, when the maximum cost is computed. */
const MANY_ITEMS = 100;

let problems = 0;
for (const [id, text] of readManifest(files)) {
  for (const { name, problem, warning, cost } of check(text)) {
    if (problem) problems++;
    const verdict = problem ? 'refused' : warning ? 'warning' : 'ok';
    const figures = cost ? `fields at most ${cost.fieldCost}, IAM calls at most ${cost.upstreamCalls}` : '';
    console.log([verdict.padEnd(8), id, name, figures, problem ?? warning].filter(Boolean).join('  '));
  }
}
if (problems > 0) console.log(`${problems} of these will not run: see above.`);
process.exitCode = problems > 0 ? 1 : 0;

/** One result for each operation of the document, or one for the whole document if it cannot be parsed. */
function check(text) {
  try {
    const document = parse(text);
    const errors = validate(schema, document);
    if (errors.length > 0) return errors.map(({ message }) => ({ name: nameOf(document), problem: message }));
    const problem = problemOf(() => {
      checkText(text, limits);
      checkDocument(document, limits);
    });
    const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    return operations.map((operation) => ({
      name: labelOf(operation),
      ...checkOperation(document, operation, problem),
    }));
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return [{ name: '', problem: error.message }];
  }
}

/** The cost is that of the largest variables. `warning`: the operation exceeds a limit only with those. */
function checkOperation(document, operation, problem) {
  const rootFields = findSelectedFields(schema, document, operation);
  const problemWith = (variables) =>
    problemOf(() => limitCost({ prepared: { rootFields }, variables }, config));
  const largest = largestVariables(operation);
  return {
    cost: costOf(rootFields, largest),
    problem:
      operation.operation === 'subscription'
        ? 'Subscriptions are not supported.'
        : (problem ?? problemWith({})),
    warning: problemWith(largest),
  };
}

function problemOf(check) {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error.extensions?.code !== 'OPERATION_LIMIT_EXCEEDED') throw error;
    return error.message;
  }
}

function largestVariables({ variableDefinitions = [] }) {
  const entries = variableDefinitions.map(({ variable, type }) => {
    const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
    const value = named.kind === Kind.LIST_TYPE ? Array(MANY_ITEMS).fill('') : MANY_ITEMS;
    // The only member of an input object that makes a field cost more.
    return [
      variable.name.value,
      isInputObjectType(typeFromAST(schema, named)) ? { idempotencyKey: '' } : value,
    ];
  });
  return Object.fromEntries(entries);
}

function nameOf({ definitions }) {
  const operation = definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return operation ? labelOf(operation) : '';
}

function labelOf({ operation, name }) {
  return `${operation} ${name?.value ?? '(anonymous)'}`;
}

function readManifest([path, ...more]) {
  if (path === undefined || path.startsWith('-') || more.length > 0)
    fail('Usage: npm run documents:check -- MANIFEST.json');
  try {
    return parseManifest(readTextFile(path, MAX_FILE_BYTES.TRUSTED_DOCUMENTS));
  } catch (error) {
    return fail(`${path}: ${error.message}`);
  }
}

/** What a gateway with this environment allows. */
function readEnvironment() {
  const own = Object.entries(process.env).filter(([name]) => /^(MAX_|FEDERATION$)/.test(name));
  try {
    return readConfig({ EMULATOR: 'true', ...Object.fromEntries(own) }, () => '');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return fail(error.message);
  }
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
