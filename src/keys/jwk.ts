import { ECDH } from 'node:crypto';

/** The members of a public JSON Web Key that identify the key (RFC 7518 section 6). */
export type PublicJwk = Readonly<Partial<Record<'kty' | 'crv' | 'x' | 'y' | 'n' | 'e', unknown>>>;

/** A problem of a key or key set, and the path of the member that has it. The message never repeats a value. */
export interface KeyProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const MIN_RSA_BITS = 2048;
const MIN_MODULUS = 2n ** BigInt(MIN_RSA_BITS - 1);
const MAX_RSA_BITS = 16_384;
/** With a longer exponent, OpenSSL verifies no signatures if the modulus is long. */
const MAX_EXPONENT_BYTES = 8;

/** The curves of public keys: the length of a coordinate, and the name that OpenSSL gives the curve. */
const CURVES = new Map<unknown, { readonly bytes: number; readonly name: string }>([
  ['P-256', { bytes: 32, name: 'prime256v1' }],
  ['P-384', { bytes: 48, name: 'secp384r1' }],
  ['P-521', { bytes: 66, name: 'secp521r1' }],
]);

/**
 * Checks the numbers of an RSA or EC public key before any library reads them. Lengths come first: `node:crypto` needs
 * minutes for an exponent of some hundred kilobytes. An even or tiny RSA number makes a key under which anybody can sign.
 */
export function findJwkProblem(key: PublicJwk): KeyProblem | undefined {
  return key.kty === 'EC' ? findEcProblem(key) : findRsaProblem(key);
}

function findRsaProblem({ n, e }: PublicJwk): KeyProblem | undefined {
  const exponent = readInteger('e', e, MAX_EXPONENT_BYTES);
  if (typeof exponent !== 'bigint') return exponent;
  if (exponent % 2n === 0n || exponent < 3n)
    return problemOf('e', 'The public exponent must be odd and at least 3; `AQAB` is the usual one.');
  const modulus = readInteger('n', n, MAX_RSA_BITS / 8);
  if (typeof modulus !== 'bigint') return modulus;
  if (modulus < MIN_MODULUS) return problemOf('n', `An RSA key needs at least ${MIN_RSA_BITS} bits.`);
  if (modulus % 2n === 0n) return problemOf('n', 'The modulus of an RSA key must be odd.');
  return undefined;
}

/** A Base64urlUInt (RFC 7518 section 2) of at most `maxBytes`. */
function readInteger(member: 'n' | 'e', value: unknown, maxBytes: number): bigint | KeyProblem {
  const bytes = readBase64Url(value, maxBytes);
  if (bytes === 'too-long') return problemOf(member, `\`${member}\` must have at most ${maxBytes} bytes.`);
  if (bytes === 'malformed' || bytes.length === 0) return malformed(member);
  if (bytes[0] === 0)
    return problemOf(member, `\`${member}\` must not begin with a byte that is zero (RFC 7518 section 2).`);
  return BigInt(`0x${bytes.toString('hex')}`);
}

function findEcProblem({ crv, x, y }: PublicJwk): KeyProblem | undefined {
  const curve = CURVES.get(crv);
  if (curve === undefined) return problemOf('crv', 'The curve must be `P-256`, `P-384` or `P-521`.');
  // An uncompressed point (SEC 1 section 2.3.3) is the byte 4 and both coordinates.
  const point: Buffer[] = [Buffer.of(4)];
  for (const [member, value] of [['x', x] as const, ['y', y] as const]) {
    const bytes = readBase64Url(value, curve.bytes);
    if (bytes === 'malformed') return malformed(member);
    if (bytes === 'too-long' || bytes.length !== curve.bytes) {
      const message = `A coordinate of \`${crv}\` has exactly ${curve.bytes} bytes (RFC 7518 section 6.2.1).`;
      return problemOf(member, message);
    }
    point.push(bytes);
  }
  try {
    // Rejects a point that is not on the curve, in 20 us. Importing a key of P-521 takes 1500 us: it multiplies the point by
    // the order of the curve, which adds nothing, since these curves have a cofactor of 1.
    ECDH.convertKey(Buffer.concat(point), curve.name);
    return undefined;
  } catch {
    return { path: [], message: `The point is not on the curve \`${crv}\`.` };
  }
}

function problemOf(member: string, message: string): KeyProblem {
  return { path: [member], message };
}

/** Base64url in its one canonical form, without padding (RFC 4648 section 5, RFC 7515 section 2). */
function readBase64Url(value: unknown, maxBytes: number): Buffer | 'malformed' | 'too-long' {
  if (typeof value !== 'string') return 'malformed';
  if (value.length > Math.ceil((maxBytes * 4) / 3)) return 'too-long';
  const bytes = Buffer.from(value, 'base64url');
  return bytes.toString('base64url') === value ? bytes : 'malformed';
}

function malformed(member: string): KeyProblem {
  const form = 'base64url without padding, blanks and line breaks (RFC 7515 section 2)';
  return problemOf(member, `\`${member}\` must be ${form}.`);
}
