import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import {
  type CreateProjectScopedTokenBody,
  type CreateTokenBody,
  definitions,
  type UpdateTokenBody,
} from '../upstream/generated.ts';
import { type Detail, Rejection, vendorError } from './reply.ts';
import { type OperationRequest, readJson } from './request.ts';
import type { Seed, SeedProject } from './seed.ts';
import type { State } from './store.ts';

const ajv = new Ajv({
  strict: false,
  allErrors: true,
  verbose: true,
  // The contract says `uuid`, but the API does not require it.
  validateFormats: false,
  // Compiling the rules for schemas takes longer than compiling these schemas.
  meta: false,
  validateSchema: false,
});

const membership = {
  type: 'object',
  required: ['sequence', 'project'],
  properties: { sequence: { type: 'integer' }, project: { $ref: '#/definitions/ProjectWithPolicyDto' } },
};
const storedToken = {
  type: 'object',
  required: ['sequence', 'principal', 'token', 'memberships'],
  properties: {
    sequence: { type: 'integer' },
    principal: { type: 'string' },
    description: { type: 'string' },
    token: { $ref: '#/definitions/TokenDto' },
    memberships: { type: 'array', items: membership },
  },
};

/** Checks whether a value is the state that a data file holds. Every member is checked. */
export const stateCheck = onFirstUse<State>({
  definitions,
  type: 'object',
  required: ['lastSequence', 'tokens'],
  properties: { lastSequence: { type: 'integer' }, tokens: { type: 'array', items: storedToken } },
});

/** An object in which every member may be missing, and none may be misspelt. */
const partial = (properties: object) => ({ type: 'object', additionalProperties: false, properties });
const seedProject = partial({
  ...definitions.ProjectWithPolicyDto.properties,
  policy: partial(definitions.PolicyDto.properties),
});
const seedToken = partial({
  ...definitions.TokenDto.properties,
  description: { type: 'string' },
  projects: { type: 'array', items: seedProject },
});
const seedPrincipal = partial({ tokens: { type: 'array', items: seedToken } });

export const seedProjectCheck = onFirstUse<SeedProject>({ definitions, ...seedProject });
export const seedCheck = onFirstUse<Seed>({
  definitions,
  ...partial({ principals: { type: 'object', additionalProperties: seedPrincipal } }),
  required: ['principals'],
});

/** The first problem that a check found, such as `principals.alice.tokens[0].nmae is not a known member`. */
export function describeProblem({ errors }: ValidateFunction): string {
  const [error] = errors ?? [];
  if (!error) return '';
  const { field, issue } = toDetail(error);
  return `${field ?? ''} ${error.keyword === 'additionalProperties' ? 'is not a known member' : issue}`.trim();
}

// Equivalent to the contract's `oneOf`, but reports only problems of the branch that the caller chose.
const publicKeyInfo = {
  if: { type: 'object', required: ['jwks'], not: { required: ['jwksUri'] } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { $ref: '#/definitions/PublicKeyInfoJwksDto' },
  else: {
    if: { type: 'object', required: ['jwksUri'], not: { required: ['jwks'] } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { $ref: '#/definitions/PublicKeyInfoJwksUriDto' },
    else: { oneOf: [false] },
  },
};
const bodyDefinitions = { ...definitions, PublicKeyInfoDto: publicKeyInfo };
/** Errors of these keywords only repeat that a part of the schema failed. */
const SILENT = new Set(['if', 'false schema']);

export const readCreateTokenInput = bodyReader<CreateTokenBody>('CreateTokenBody');
export const readUpdateTokenInput = bodyReader<UpdateTokenBody>('UpdateTokenBody');
export const readProjectScopedTokenInput = bodyReader<CreateProjectScopedTokenBody>(
  'CreateProjectScopedTokenBody',
);

/** Reads the body of a request. Throws a rejection for one that does not fit the model, with a detail for each problem. */
function bodyReader<Body>(model: keyof typeof definitions): (request: OperationRequest) => Body {
  const bodyCheck = onFirstUse<Body>({ definitions: bodyDefinitions, $ref: `#/definitions/${model}` });
  return (request) => {
    const body = readJson(request);
    const isBody = bodyCheck();
    if (isBody(body)) return body;
    const details = (isBody.errors ?? []).filter(({ keyword }) => !SILENT.has(keyword)).map(toDetail);
    throw new Rejection(
      vendorError('InvalidParameterError', { param: details[0]?.field ?? 'body', details }),
    );
  };
}

/** Compiles `schema` at the first call: that takes tens of milliseconds, for which a start need not wait. */
function onFirstUse<Value>(schema: object): () => ValidateFunction<Value> {
  let compiled: ValidateFunction<Value> | undefined;
  return () => {
    compiled ??= ajv.compile<Value>(schema);
    return compiled;
  };
}

function toDetail({ instancePath, keyword, message, params, data }: ErrorObject): Detail {
  const member = params.missingProperty ?? params.additionalProperty;
  const path = instancePath.split('/').slice(1);
  if (typeof member === 'string') path.push(member);
  const field = path.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('');
  const scalar = typeof data === 'string' || typeof data === 'number' || typeof data === 'boolean';
  return {
    issue: message ?? keyword,
    ...(field === '' ? {} : { field: field.replace(/^\./, '') }),
    ...(scalar ? { value: String(data) } : {}),
    location: 'body',
  };
}
