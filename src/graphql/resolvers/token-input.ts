import { checkKeySet, checkKeySetUrl, MAX_KEYS } from '../../tokens/validate-jwk.ts';
import type {
  AuthenticationMethodDto,
  JsonWebKeyDto,
  PublicKeyInfoDto,
  TokenDto,
  UpdateTokenBody,
} from '../../upstream/generated.ts';
import { isId } from '../../upstream/iam-client.ts';
import type {
  PublicKeyInfoInput,
  UpdateTokenAuthenticationMethodInput,
  UpdateTokenInput,
  UserErrorCode,
} from '../generated.ts';
import type { Context } from '../pipeline/request.ts';

/** Something wrong with one value of the input. */
export interface Problem {
  /** Below `input`. Undefined for a problem of the input as a whole. */
  readonly path: readonly (string | number)[] | undefined;
  readonly message: string;
  /** `INVALID` if it is absent. */
  readonly code?: UserErrorCode;
  /** The trace id of IAM's response, if IAM found the problem. */
  readonly traceId?: string | undefined;
}

const MIN_NAME = 3;
const MAX_NAME = 2000;
const MAX_DESCRIPTION = 2000;
/** Strict JSON parsers reject a response with such a text (RFC 8259 section 8.2). */
const LONE_SURROGATE =
  'Half of a surrogate pair is not a character. Send well-formed Unicode; a text that was cut may have lost the other half.';

export function checkId(id: string, { findPrivateKey }: Context): Problem[] {
  const message = isId(id) ? findPrivateKey(id) : 'This is not a valid token id. Pass `Token.id` unchanged.';
  return message === undefined ? [] : [{ path: ['id'], message }];
}

/** Reports at most one problem. A private key comes first, because it is the most serious. */
export function checkInputText(
  member: keyof typeof TEXT_RULES,
  text: string | null | undefined,
  { findPrivateKey }: Context,
): Problem[] {
  if (text == null) return [];
  const message = findPrivateKey(text) ?? TEXT_RULES[member](text);
  return message === undefined ? [] : [{ path: [member], message }];
}

const TEXT_RULES = {
  /** IAM requires three characters on one line and has no maximum; this maximum is that of the vendor's CLI. */
  name(text: string): string | undefined {
    if (!text.isWellFormed()) return LONE_SURROGATE;
    if (/[\p{Cc}\u2028\u2029]/u.test(text)) return 'Control characters and line breaks are not allowed.';
    if (isLonger(text, MAX_NAME)) return `At most ${MAX_NAME} characters are allowed.`;
    return isLonger(text.trim(), MIN_NAME - 1) ? undefined : `At least ${MIN_NAME} characters are needed.`;
  },
  description(text: string): string | undefined {
    if (!text.isWellFormed()) return LONE_SURROGATE;
    return isLonger(text, MAX_DESCRIPTION) ? `At most ${MAX_DESCRIPTION} characters are allowed.` : undefined;
  },
  idempotencyKey(text: string): string | undefined {
    return /^[\x21-\x7e]{1,255}$/.test(text)
      ? undefined
      : '1 to 255 visible ASCII characters are needed, for example a random UUID.';
  },
};

/** Counts Unicode characters, as IAM does: many of them, such as emoji, are two units of a string. */
function isLonger(text: string, max: number): boolean {
  return text.length > 2 * max || (text.length > max && [...text].length > max);
}

const KEY_INFO = ['authenticationMethod', 'publicKeyInfo'] as const;

/** Whether the keys are public keys that can sign by `signingAlgorithm`, or a location that IAM may read. */
export function checkPublicKeyInfo(
  info: PublicKeyInfoDto,
  signingAlgorithm: string,
  { findPrivateKey }: Context,
): Problem[] {
  const [path, problems] =
    'jwks' in info
      ? [[...KEY_INFO, 'jwks', 'keys'], checkKeySet(info.jwks.keys, signingAlgorithm, findPrivateKey)]
      : [[...KEY_INFO, 'jwksUri'], checkKeySetUrl(info.jwksUri, findPrivateKey)];
  return problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
}

/** The input in the form of IAM. GraphQL has checked that exactly one of the two members is present. */
export function toPublicKeyInfo({ jwks, jwksUri }: PublicKeyInfoInput): PublicKeyInfoDto {
  if (!jwks) return { jwksUri: jwksUri ?? '' };
  // One key above the maximum is enough to reject the set.
  return { jwks: { keys: jwks.keys.slice(0, MAX_KEYS + 1).map(toKey) } };
}

const keysOfInputs = new WeakMap<object, JsonWebKeyDto>();

/** Returns the same object for the same input, so that keys are checked once if one variable is used in many fields. */
function toKey(input: object): JsonWebKeyDto {
  const key = keysOfInputs.get(input) ?? withoutNulls(input);
  keysOfInputs.set(input, key);
  return key;
}

/** GraphQL distinguishes null from absent; IAM has no nulls. */
function withoutNulls(key: object): JsonWebKeyDto {
  return Object.fromEntries(
    Object.entries(key).filter(([, value]) => value !== null),
  ) as unknown as JsonWebKeyDto;
}

type TokenChange = { readonly body: UpdateTokenBody } | { readonly problems: readonly Problem[] };

/** The PATCH body of an update. The token is read only when the body cannot be complete without it. */
export async function readTokenChange(
  { id, name, authenticationMethod }: UpdateTokenInput,
  context: Context,
): Promise<TokenChange> {
  const problems = [
    ...findNulls({ name, authenticationMethod }),
    ...findNulls(authenticationMethod ?? {}, 'authenticationMethod'),
    ...checkInputText('name', name, context),
  ];
  const change = Object.keys(authenticationMethod ?? {}).length > 0 ? authenticationMethod : undefined;
  if (problems.length === 0 && name == null && !change) problems.push(nothingToChange);
  if (problems.length > 0) return { problems };
  const named = name == null ? {} : { name };
  if (!change) return { body: named };
  const method = await completeMethod(id, change, context);
  return 'problems' in method ? method : { body: { ...named, authenticationMethod: method } };
}

const nothingToChange: Problem = {
  path: [],
  message: 'Nothing to change: pass `name` or `authenticationMethod`.',
};
const keysDoNotFit: Problem = {
  path: ['authenticationMethod', 'signingAlgorithm'],
  message: 'The current keys of the token do not fit this algorithm. Pass `publicKeyInfo` with keys that do.',
};

/**
 * It is unknown whether IAM merges or replaces a partial `authenticationMethod`. So a partial one is completed from the
 * current token: omitted members then stay unchanged in both cases.
 */
async function completeMethod(
  id: string,
  { publicKeyInfo, signingAlgorithm, type }: UpdateTokenAuthenticationMethodInput,
  context: Context,
): Promise<AuthenticationMethodDto | { problems: readonly Problem[] }> {
  const given = {
    ...(type ? { type } : {}),
    ...(signingAlgorithm ? { signingAlgorithm } : {}),
    ...(publicKeyInfo ? { publicKeyInfo: toPublicKeyInfo(publicKeyInfo) } : {}),
  };
  const isComplete = type && signingAlgorithm && publicKeyInfo;
  const current = isComplete ? undefined : toMethod(await context.loaders.freshToken(id));
  const method = { ...current, ...given } as AuthenticationMethodDto;
  const problems =
    publicKeyInfo || signingAlgorithm
      ? checkPublicKeyInfo(method.publicKeyInfo, method.signingAlgorithm, context)
      : [];
  if (problems.length === 0) return method;
  return { problems: publicKeyInfo ? problems : [keysDoNotFit] };
}

/**
 * The authentication method of a token in the form that IAM accepts. IAM's responses may have further members, which it
 * rejects beside the keys.
 */
function toMethod({ authenticationMethod: method }: TokenDto): AuthenticationMethodDto {
  const { publicKeyInfo: info } = method;
  return { ...method, publicKeyInfo: 'jwks' in info ? { jwks: info.jwks } : { jwksUri: info.jwksUri } };
}

/** No field can be unset, so an explicit null is a mistake and does not mean "keep it". */
function findNulls(input: object, ...path: string[]): Problem[] {
  return Object.entries(input)
    .filter(([, value]) => value === null)
    .map(([member]) => ({
      path: [...path, member],
      message: 'This field cannot be unset. Omit it to keep its value.',
    }));
}
