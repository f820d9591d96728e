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

/** y² = x³ - 3x + b modulo p (NIST SP 800-186 section 3.2.1), with numbers of `bytes` bytes. */
interface Curve {
  readonly bytes: number;
  readonly p: bigint;
  readonly b: bigint;
}

const CURVES = new Map<unknown, Curve>(
  Object.entries({
    'P-256': {
      bytes: 32,
      p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
      b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    },
    'P-384': {
      bytes: 48,
      p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
      b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    },
    'P-521': {
      bytes: 66,
      p: 2n ** 521n - 1n,
      b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    },
  }),
);

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
  return toInteger(bytes);
}

function findEcProblem({ crv, x, y }: PublicJwk): KeyProblem | undefined {
  const curve = CURVES.get(crv);
  if (curve === undefined) return problemOf('crv', 'The curve must be `P-256`, `P-384` or `P-521`.');
  const point: bigint[] = [];
  for (const [member, value] of [['x', x] as const, ['y', y] as const]) {
    const bytes = readBase64Url(value, curve.bytes);
    if (bytes === 'malformed') return malformed(member);
    if (bytes === 'too-long' || bytes.length !== curve.bytes) {
      const message = `A coordinate of \`${crv}\` has exactly ${curve.bytes} bytes (RFC 7518 section 6.2.1).`;
      return problemOf(member, message);
    }
    point.push(toInteger(bytes));
  }
  const [pointX = 0n, pointY = 0n] = point;
  if (isOnCurve(pointX, pointY, curve)) return undefined;
  return { path: [], message: `The point is not on the curve \`${crv}\`.` };
}

/**
 * Evaluates the equation of the curve, which takes 5 us. `node:crypto` needs up to 50 us to reject a point, and 1500 us to
 * import a key of P-521: it multiplies the point by the order of the curve, which adds nothing, since these curves have a
 * cofactor of 1.
 */
function isOnCurve(x: bigint, y: bigint, { p, b }: Curve): boolean {
  return x < p && y < p && (y * y - (x * x - 3n) * x - b) % p === 0n;
}

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
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
