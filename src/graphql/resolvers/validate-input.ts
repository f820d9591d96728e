import { badUserInput } from '../../errors.ts';
import { holdsPrivateKey, PRIVATE_KEY_PASTED } from '../../tokens/private-key-text.ts';
import { checkKeySet, checkKeySetUrl } from '../../tokens/validate-jwk.ts';
import { isId } from '../../upstream/iam-client.ts';
import type { JsonWebKeyDto, PublicKeyInfoDto } from '../../upstream/models.ts';
import type { PublicKeyInfoInput } from '../generated.ts';
import type { Problem } from './user-errors.ts';

const MIN_NAME = 3;
const MAX_NAME = 2000;
const MAX_DESCRIPTION = 2000;
/** Strict JSON parsers refuse a response that holds such a text (RFC 8259 section 8.2). */
const LONE_SURROGATE =
  'Half of a surrogate pair is not a character. Send well-formed Unicode; a text that was cut may have lost the other half.';

export function checkId(id: string): Problem[] {
  if (holdsPrivateKey(id)) return [{ path: ['id'], message: PRIVATE_KEY_PASTED }];
  return isId(id) ? [] : [{ path: ['id'], message: 'This is not an id. Pass `Token.id` as it came.' }];
}

/** Whether an id of a query may be one of an object. Throws `BAD_USER_INPUT` for a private key in its place. */
export function isObjectId(id: string, argument: string): boolean {
  if (holdsPrivateKey(id)) throw badUserInput(PRIVATE_KEY_PASTED, argument);
  return isId(id);
}

/** The API wants three characters in a row on one line and names no maximum; ours is the vendor's command line's. */
export function checkName(name: string): Problem[] {
  const problem = (message: string) => [{ path: ['name'], message }];
  if (holdsPrivateKey(name)) return problem(PRIVATE_KEY_PASTED);
  if (!name.isWellFormed()) return problem(LONE_SURROGATE);
  if (/[\p{Cc}\u2028\u2029]/u.test(name))
    return problem('Control characters and line breaks are not allowed.');
  if (name.trim().length < MIN_NAME) return problem(`At least ${MIN_NAME} characters are needed.`);
  return name.length > MAX_NAME ? problem(`At most ${MAX_NAME} characters are allowed.`) : [];
}

export function checkDescription(description: string | null | undefined): Problem[] {
  if (description == null) return [];
  const problem = (message: string) => [{ path: ['description'], message }];
  if (holdsPrivateKey(description)) return problem(PRIVATE_KEY_PASTED);
  if (!description.isWellFormed()) return problem(LONE_SURROGATE);
  return description.length > MAX_DESCRIPTION
    ? problem(`At most ${MAX_DESCRIPTION} characters are allowed.`)
    : [];
}

export function checkIdempotencyKey(key: string | null | undefined): Problem[] {
  if (key == null) return [];
  if (holdsPrivateKey(key)) return [{ path: ['idempotencyKey'], message: PRIVATE_KEY_PASTED }];
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return [];
  return [
    {
      path: ['idempotencyKey'],
      message: '1 to 255 visible ASCII characters are needed, for example a random UUID.',
    },
  ];
}

const KEY_INFO = ['authenticationMethod', 'publicKeyInfo'] as const;

/** Whether the keys are public keys that can sign by `signingAlgorithm`, or a location that IAM may read. */
export function checkPublicKeyInfo(info: PublicKeyInfoDto, signingAlgorithm: string): Problem[] {
  const [path, problems] =
    'jwks' in info
      ? [[...KEY_INFO, 'jwks', 'keys'], checkKeySet(info.jwks.keys, signingAlgorithm)]
      : [[...KEY_INFO, 'jwksUri'], checkKeySetUrl(info.jwksUri)];
  return problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
}

/** The input as the API takes it. GraphQL has made sure that exactly one of the two is there. */
export function toPublicKeyInfo({ jwks, jwksUri }: PublicKeyInfoInput): PublicKeyInfoDto {
  return jwks ? { jwks: { keys: jwks.keys.map(withoutNulls) } } : { jwksUri: jwksUri ?? '' };
}

/** GraphQL tells null from absent; the API has no nulls. */
function withoutNulls(key: object): JsonWebKeyDto {
  return Object.fromEntries(
    Object.entries(key).filter(([, value]) => value !== null && value !== undefined),
  ) as unknown as JsonWebKeyDto;
}
