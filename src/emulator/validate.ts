import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { definitions } from '../upstream/generated.ts';
import { type Detail, type Reply, vendorError } from './reply.ts';
import { type OperationRequest, readJson } from './request.ts';
import type { State } from './store.ts';

// `validateFormats` is off because the API says uuid and does not require it.
const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, validateFormats: false });

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

/** Whether it is what the data file holds, down to the last member. */
export const isState = ajv.compile<State>({
  definitions,
  type: 'object',
  required: ['lastSequence', 'tokens'],
  properties: { lastSequence: { type: 'integer' }, tokens: { type: 'array', items: storedToken } },
});

type BodyModel = 'CreateTokenInput' | 'UpdateTokenInput' | 'CreateProjectScopedTokenInput';

// The same as the contract's `oneOf`, but only the branch that the caller chose has something to say.
const publicKeyInfo = {
  if: { type: 'object', required: ['jwks'], not: { required: ['jwksUri'] } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { $ref: '#/definitions/PublicKeyInfoJwks' },
  else: {
    if: { type: 'object', required: ['jwksUri'], not: { required: ['jwks'] } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { $ref: '#/definitions/PublicKeyInfoJwksUri' },
    else: { oneOf: [false] },
  },
};
const bodyDefinitions = { ...definitions, PublicKeyInfo: publicKeyInfo };
/** These say only that one of their parts failed. */
const SILENT = new Set(['if', 'false schema']);

const validators = {
  CreateTokenInput: compileBody('CreateTokenInput'),
  UpdateTokenInput: compileBody('UpdateTokenInput'),
  CreateProjectScopedTokenInput: compileBody('CreateProjectScopedTokenInput'),
};

/** The body of a request, or the error for one that does not fit the model, with one detail for each problem. */
export function readBody<Body>(
  model: BodyModel,
  request: OperationRequest,
): { body: Body } | { refusal: Reply } {
  const read = readJson(request);
  const validator = validators[model];
  if ('refusal' in read || validator(read.body)) return read as { body: Body } | { refusal: Reply };
  const details = (validator.errors ?? []).filter(({ keyword }) => !SILENT.has(keyword)).map(toDetail);
  return { refusal: vendorError('InvalidParameterError', { param: details[0]?.field ?? 'body', details }) };
}

function compileBody(model: BodyModel): ValidateFunction {
  return ajv.compile({ definitions: bodyDefinitions, $ref: `#/definitions/${model}` });
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
