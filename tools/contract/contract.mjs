import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'yaml';

const FILE = new URL('../../src/upstream/openapi.yaml', import.meta.url);

/**
 * Reads the OpenAPI document. `compare` returns how a response differs from it; of the response it repeats only names of
 * members and values of enums.
 */
export function readContract() {
  const document = parse(readFileSync(FILE, 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ $id: 'openapi', components: close(document.components) });
  const operations = new Map(
    Object.values(document.paths).flatMap((item) =>
      Object.values(item)
        .filter(({ operationId } = {}) => operationId)
        .map((operation) => [operation.operationId, operation]),
    ),
  );
  const schemaOf = (response) => {
    const content = response.$ref ? resolve(document, response.$ref).content : response.content;
    return content?.['application/json']?.schema;
  };

  return {
    compare(operation, { status, contentType, body }) {
      const { responses } = operations.get(operation);
      const response = responses[status];
      if (!response) return [{ kind: 'new', at: '', what: `status ${status}` }];
      const schema = schemaOf(response);
      if (!schema) return [];
      if (!/^application\/json\b/.test(contentType ?? ''))
        return [{ kind: 'wrong', at: '', what: `status ${status} is not application/json` }];
      if (body === undefined) return [{ kind: 'wrong', at: '', what: `status ${status} is not JSON` }];
      const isValid = ajv.compile(absolute(schema));
      isValid(body);
      return toDifferences(isValid.errors ?? [], body);
    },
  };
}

/** Forbids members that the document does not have, so that they are differences as well. */
function close(components) {
  const extended = new Set(JSON.stringify(components).match(/(?<="allOf":\[\{"\$ref":")[^"]+/g));
  const schemas = Object.fromEntries(
    Object.entries(components.schemas).map(([name, schema]) => [
      name,
      extended.has(`#/components/schemas/${name}`) || schema.allOf ? schema : closeSchema(schema, components),
    ]),
  );
  return absolute({ ...components, schemas });
}

function closeSchema(schema, components) {
  if (Array.isArray(schema) || typeof schema !== 'object' || schema === null) return schema;
  // Several shapes of one object are compared as one shape with the members of all.
  if (schema.oneOf) {
    const shapes = schema.oneOf.map(({ $ref }) => resolve({ components }, $ref));
    return {
      type: 'object',
      additionalProperties: false,
      properties: Object.assign({}, ...shapes.map((shape) => shape.properties)),
    };
  }
  const closed = schema.properties ? { additionalProperties: false, ...schema } : schema;
  if (!closed.properties) return closed;
  const members = Object.entries(closed.properties).map(([name, member]) => [
    name,
    closeSchema(member, components),
  ]);
  return { ...closed, properties: Object.fromEntries(members) };
}

function absolute(value) {
  return JSON.parse(JSON.stringify(value).replaceAll('"$ref":"#/', '"$ref":"openapi#/'));
}

function resolve(document, ref) {
  return ref
    .slice(2)
    .split('/')
    .reduce((value, part) => value[part], document);
}

/** If none of several shapes fits, that is one difference: the problems of each shape are left out. */
function toDifferences(errors, body) {
  const isOfShape = ({ schemaPath }) => /\/(anyOf|allOf)\/\d+\//.test(schemaPath);
  const hasShapes = errors.some(({ keyword }) => keyword === 'anyOf');
  return errors
    .filter((error) => !(hasShapes && isOfShape(error)))
    .map((error) => ({
      at: error.instancePath.replaceAll(/\/\d+/g, '[]').replaceAll('/', '.').slice(1),
      ...describe(error, body),
    }));
}

function describe({ keyword, params, instancePath }, body) {
  switch (keyword) {
    case 'additionalProperties':
      return { kind: 'new', what: `member ${nameOf(params.additionalProperty)}` };
    case 'required':
      return { kind: 'missing', what: `member ${params.missingProperty}` };
    case 'enum':
      return { kind: 'new', what: `value ${enumValueOf(body, instancePath)}` };
    default:
      return {
        kind: 'wrong',
        what: keyword === 'type' ? `expected ${params.type}` : `expected its ${keyword}`,
      };
  }
}

/** The name of a member, unless it looks like data. */
function nameOf(name) {
  return /^[A-Za-z][A-Za-z]{0,39}$/.test(name) ? name : '(unusual name)';
}

function enumValueOf(body, instancePath) {
  const value = instancePath
    .slice(1)
    .split('/')
    .reduce((at, part) => at?.[part], body);
  return /^[A-Z][A-Z0-9_]{0,31}$/.test(value) ? value : '(unusual value)';
}
