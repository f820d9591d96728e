import { createPublicKey, type KeyObject } from 'node:crypto';
import type { JsonWebKeyDto } from '../upstream/models.ts';

/** What is wrong with a key or its location, and where below it. The message never repeats a value. */
export interface KeyProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

interface Requirement {
  readonly kty: 'RSA' | 'EC';
  readonly crv?: 'P-256' | 'P-521';
}

/** JWS algorithms (RFC 7518 section 3) that a token may sign with, and the key that each takes. */
const REQUIREMENTS: Readonly<Record<string, Requirement>> = {
  RS256: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES512: { kty: 'EC', crv: 'P-521' },
};
const MEMBERS = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'] } as const;
const MIN_RSA_BITS = 2048;
const MAX_URL = 2048;
const MAX_KEYS = 100;

/**
 * Checks a key set before it is sent: the API's schema would take an elliptic curve key without coordinates, and the
 * token could then never sign in.
 */
export function checkKeySet(keys: readonly JsonWebKeyDto[], signingAlgorithm: string): KeyProblem[] {
  if (keys.length === 0) return [{ path: [], message: 'At least one key is needed.' }];
  if (keys.length > MAX_KEYS) return [{ path: [], message: `At most ${MAX_KEYS} keys are taken.` }];
  const kids = new Set<string>();
  return keys.flatMap((key, index) => {
    const isRepeated = kids.has(key.kid);
    kids.add(key.kid);
    const problems = isRepeated
      ? [{ path: ['kid'], message: 'Each key needs a `kid` of its own.' }]
      : checkKey(key, signingAlgorithm);
    return problems.map(({ path, message }) => ({ path: [index, ...path], message }));
  });
}

/** Checks where IAM is to read a key set from. The gateway itself never asks there. */
export function checkKeySetUrl(value: string): KeyProblem[] {
  const problem = (message: string) => [{ path: [], message }];
  if (value.length > MAX_URL) return problem(`The URL must not be longer than ${MAX_URL} characters.`);
  if (!URL.canParse(value) || !/^https:\/\/[^\s\\]+$/i.test(value))
    return problem('An absolute https URL is needed.');
  const { username, password, hash } = new URL(value);
  if (username || password) return problem('The URL must not hold credentials.');
  return hash ? problem('The URL must not have a fragment.') : [];
}

function checkKey(key: JsonWebKeyDto, signingAlgorithm: string): KeyProblem[] {
  const requirement = REQUIREMENTS[signingAlgorithm];
  const at = (member: string, message: string) => [{ path: [member], message }];
  if (!requirement) return at('alg', 'The algorithm is not one that tokens can sign with.');
  if (!/^[\x21-\x7e]{1,256}$/.test(key.kid))
    return at('kid', '1 to 256 visible ASCII characters are needed.');
  if (key.alg !== signingAlgorithm) return at('alg', 'It must be the same as `signingAlgorithm`.');
  if (key.kty !== requirement.kty)
    return at('kty', `\`${signingAlgorithm}\` takes a key of type \`${requirement.kty}\`.`);
  if (key.use !== 'sig') return at('use', 'It must be `sig`: tokens sign.');
  if (key.crv !== requirement.crv && requirement.crv)
    return at('crv', `\`${signingAlgorithm}\` takes the curve \`${requirement.crv}\`.`);
  return checkMembers(key, requirement);
}

function checkMembers(key: JsonWebKeyDto, { kty }: Requirement): KeyProblem[] {
  const missing = MEMBERS[kty].find((member) => !key[member]);
  if (missing) return [{ path: [missing], message: `A key of type \`${kty}\` needs it.` }];
  const other = MEMBERS[kty === 'RSA' ? 'EC' : 'RSA'].find((member) => key[member] !== undefined);
  if (other) return [{ path: [other], message: `A key of type \`${kty}\` has no such member.` }];
  const imported = importKey(key, MEMBERS[kty]);
  if (!imported) return [{ path: [], message: `This is not a valid public key of type \`${kty}\`.` }];
  const bits = imported.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS;
  return bits < MIN_RSA_BITS
    ? [{ path: ['n'], message: `An RSA key needs at least ${MIN_RSA_BITS} bits.` }]
    : [];
}

/** Only the public members are looked at, so that nothing else can make OpenSSL read a private key. */
function importKey(key: JsonWebKeyDto, members: readonly (keyof JsonWebKeyDto)[]): KeyObject | undefined {
  const jwk = Object.fromEntries(['kty' as const, ...members].map((member) => [member, key[member]]));
  const isBase64Url = members.every((member) => /^[A-Za-z0-9_-]+$/.test(key[member] ?? ''));
  if (!isBase64Url) return undefined;
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}
