import { Ajv, type ErrorObject } from 'ajv';
import {
  type CreateProjectScopedTokenBody,
  type CreateTokenBody,
  definitions,
  type UpdateTokenBody,
} from '../upstream/generated.ts';
import type { PlannedFault } from './fault-plan.ts';
import { type Detail, EmulatorError, Rejection, vendorError } from './reply.ts';
import { operations } from './routes.ts';
import type { Seed, SeedProject } from './seed.ts';
import type { State } from './store.ts';

interface Bodies {
  readonly CreateTokenBody: CreateTokenBody;
  readonly UpdateTokenBody: UpdateTokenBody;
  readonly CreateProjectScopedTokenBody: CreateProjectScopedTokenBody;
}

/** What else comes from outside. */
interface Models extends Bodies {
  readonly DataFile: State & { readonly version: 1 };
  readonly Seed: Seed;
  readonly SeedProject: SeedProject;
  readonly PlannedFault: PlannedFault;
}

const string = { type: 'string' };
const integer = { type: 'integer' };
const list = (items: object) => ({ type: 'array', items });
const object = (required: object, optional: object = {}) => ({
  type: 'object',
  required: Object.keys(required),
  properties: { ...required, ...optional },
});
/** An object in which no member may be misspelt. */
const closed = (required: object, optional: object) => ({
  ...object(required, optional),
  additionalProperties: false,
});

const membership = object({ sequence: integer, project: { $ref: '#/definitions/ProjectWithPolicyDto' } });
const token = { $ref: '#/definitions/TokenDto' };
const storedToken = object(
  { sequence: integer, principal: string, token, memberships: list(membership) },
  { description: string },
);

const policy = closed({}, definitions.PolicyDto.properties);
const seedProject = closed({}, { ...definitions.ProjectWithPolicyDto.properties, policy });
const seedToken = closed(
  {},
  { ...definitions.TokenDto.properties, description: string, projects: list(seedProject) },
);
const principals = { type: 'object', additionalProperties: closed({}, { tokens: list(seedToken) }) };

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
/** Errors of these keywords only repeat that a part of the schema failed. */
const SILENT = new Set(['if', 'false schema']);

const body = (name: keyof Bodies) => ({
  definitions: { ...definitions, PublicKeyInfoDto: publicKeyInfo },
  $ref: `#/definitions/${name}`,
});
const schemas: Readonly<Record<keyof Models, object>> = {
  CreateTokenBody: body('CreateTokenBody'),
  UpdateTokenBody: body('UpdateTokenBody'),
  CreateProjectScopedTokenBody: body('CreateProjectScopedTokenBody'),
  // The version comes first: another one may have other members.
  DataFile: {
    definitions,
    allOf: [object({ version: { const: 1 } }), object({ lastSequence: integer, tokens: list(storedToken) })],
  },
  Seed: { definitions, ...closed({ principals }, {}) },
  SeedProject: { definitions, ...seedProject },
  PlannedFault: closed(
    { fault: string },
    {
      operation: { enum: operations },
      tokenId: string,
      principal: string,
      times: { type: 'integer', minimum: 1 },
    },
  ),
};

const ajv = new Ajv({
  // Each is compiled when it is first used: that takes tens of milliseconds, for which a start need not wait.
  schemas,
  strict: false,
  allErrors: true,
  verbose: true,
  // The contract says `uuid`, but IAM does not require it.
  validateFormats: false,
  // Compiling the rules for schemas takes longer than compiling these schemas.
  meta: false,
  validateSchema: false,
});

/** `value`, if it fits the model. Throws an EmulatorError with the sentence that `explain` makes of the first problem if not. */
export function readAs<Name extends keyof Models>(
  name: Name,
  value: unknown,
  explain: (problem: string) => string,
): Models[Name] {
  if (ajv.validate<Models[Name]>(name, value)) return value;
  throw new EmulatorError(explain(`something else (${describe(readProblems()[0])})`));
}

/** Like `readAs`, for the body of a request. Throws a rejection with a detail for each problem. */
export function readBody<Name extends keyof Bodies>(name: Name, value: unknown): Bodies[Name] {
  if (ajv.validate<Bodies[Name]>(name, value)) return value;
  const details = readProblems().map(toDetail);
  const param = details[0]?.field ?? 'body';
  throw new Rejection(vendorError('InvalidParameterError', { param, details }));
}

/** Of the last validation. */
function readProblems(): readonly ErrorObject[] {
  return (ajv.errors ?? []).filter(({ keyword }) => !SILENT.has(keyword));
}

/** For example `principals.alice.tokens[0].nmae is not a known member`. */
function describe(first: ErrorObject | undefined): string {
  if (first === undefined) return '';
  const { field = '', issue } = toDetail(first);
  const issues: Readonly<Record<string, string>> = {
    additionalProperties: 'is not a known member',
    enum: `must be one of ${first.params.allowedValues}`,
    const: `must be ${first.params.allowedValue}`,
  };
  return `${field} ${issues[first.keyword] ?? issue}`.trim();
}

function toDetail({ instancePath, keyword, message: issue = keyword, params, data }: ErrorObject): Detail {
  const member = params.missingProperty ?? params.additionalProperty;
  const path = instancePath.split('/').slice(1);
  if (typeof member === 'string') path.push(member);
  const field = path.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('');
  return {
    issue,
    ...(field === '' ? {} : { field: field.replace(/^\./, '') }),
    ...(['string', 'number', 'boolean'].includes(typeof data) ? { value: String(data) } : {}),
    location: 'body',
  };
}
