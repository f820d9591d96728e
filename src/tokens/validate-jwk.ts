import { findJwkProblem, type KeyProblem } from '../keys/jwk.ts';
import type { JsonWebKeyDto } from '../upstream/generated.ts';
import type { PrivateKeySearch } from './private-key-text.ts';

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
const MAX_URL = 2048;
/** The characters of RFC 3986, of which square brackets enclose an address. */
const HTTPS_URL = /^https:\/\/(?:\[[\dA-F:.]+\])?(?:[\w.~:/?@!$&'()*+,;=-]|%[\dA-F]{2})*$/i;

export const MAX_KEYS = 100;
/** The most problems that are reported of one key set. */
const MAX_PROBLEMS = 10;

/**
 * Checks a key set before it is sent. IAM's schema would accept an elliptic curve key without coordinates, with which
 * the token could never sign in.
 */
export function checkKeySet(
  keys: readonly JsonWebKeyDto[],
  signingAlgorithm: string,
  findPrivateKey: PrivateKeySearch,
): KeyProblem[] {
  if (keys.length === 0) return [{ path: [], message: 'At least one key is needed.' }];
  if (keys.length > MAX_KEYS) return [{ path: [], message: `At most ${MAX_KEYS} keys are allowed.` }];
  const kids = new Set<string>();
  const problems: KeyProblem[] = [];
  for (const [index, key] of keys.entries()) {
    const found = kids.has(key.kid)
      ? [{ path: ['kid'], message: 'Each key needs a different `kid`.' }]
      : checkKey(key, signingAlgorithm, findPrivateKey);
    kids.add(key.kid);
    problems.push(...found.map(({ path, message }) => ({ path: [index, ...path], message })));
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return problems;
}

/** Checks the URL that IAM reads a key set from. The gateway itself sends nothing there. */
export function checkKeySetUrl(value: string, findPrivateKey: PrivateKeySearch): KeyProblem[] {
  const problem = (message: string) => [{ path: [], message }];
  if (value.length > MAX_URL) return problem(`The URL must not be longer than ${MAX_URL} characters.`);
  const privateKey = findPrivateKey(value);
  if (privateKey !== undefined) return problem(privateKey);
  const notAbsolute = problem('An absolute https URL is needed.');
  if (!/^https:\/\/[^/?#]/i.test(value)) return notAbsolute;
  if (value.includes('#')) return problem('The URL must not have a fragment.');
  if (/^https:\/\/[^/?]*@/i.test(value)) return problem('The URL must not hold credentials.');
  if (!HTTPS_URL.test(value))
    return problem(
      'The URL contains a character that RFC 3986 does not allow there. Percent-encode it; write a host name in ASCII (punycode).',
    );
  // This check comes last, because parsing takes long for a host name that is not in ASCII.
  return URL.canParse(value) ? [] : notAbsolute;
}

function checkKey(
  key: JsonWebKeyDto,
  signingAlgorithm: string,
  findPrivateKey: PrivateKeySearch,
): readonly KeyProblem[] {
  const requirement = REQUIREMENTS[signingAlgorithm];
  const at = (member: string, message: string) => [{ path: [member], message }];
  if (!requirement) return at('alg', 'The algorithm is not one that tokens can sign with.');
  if (!/^[\x21-\x7e]{1,256}$/.test(key.kid))
    return at('kid', '1 to 256 visible ASCII characters are needed.');
  const privateKey = findPrivateKey(key.kid);
  if (privateKey !== undefined) return at('kid', privateKey);
  if (key.alg !== signingAlgorithm) return at('alg', 'It must be the same as `signingAlgorithm`.');
  if (key.kty !== requirement.kty)
    return at('kty', `\`${signingAlgorithm}\` takes a key of type \`${requirement.kty}\`.`);
  if (key.use !== 'sig') return at('use', 'It must be `sig`, because tokens use their keys to sign.');
  if (key.crv !== requirement.crv && requirement.crv)
    return at('crv', `\`${signingAlgorithm}\` takes the curve \`${requirement.crv}\`.`);
  const problems = checkedMembers.get(key) ?? checkMembers(key, requirement);
  checkedMembers.set(key, problems);
  return problems;
}

/** The problems are kept, because many creates may have the same key and checking a large key takes long. */
const checkedMembers = new WeakMap<JsonWebKeyDto, readonly KeyProblem[]>();

function checkMembers(key: JsonWebKeyDto, { kty }: Requirement): KeyProblem[] {
  const missing = MEMBERS[kty].find((member) => !key[member]);
  if (missing) return [{ path: [missing], message: `A key of type \`${kty}\` needs this member.` }];
  const other = MEMBERS[kty === 'RSA' ? 'EC' : 'RSA'].find((member) => key[member] !== undefined);
  if (other) return [{ path: [other], message: `A key of type \`${kty}\` has no such member.` }];
  const problem = findJwkProblem(key);
  return problem ? [problem] : [];
}
