import type { JsonWebKeyInput, SigningAlgorithm } from './gql/graphql.ts';

/** A new key pair: what is registered, and what only its owner may have. */
export interface NewKey {
  readonly signingAlgorithm: SigningAlgorithm;
  readonly publicJwk: JsonWebKeyInput;
  /** PKCS #8 as PEM (RFC 5958, RFC 7468). It leaves this page as a download or a copy only. */
  readonly privateKeyPem: string;
}

const PARAMETERS: Record<SigningAlgorithm, EcKeyGenParams | RsaHashedKeyGenParams> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES512: { name: 'ECDSA', namedCurve: 'P-521' },
  RS256: rsa('SHA-256'),
  RS512: rsa('SHA-512'),
};

function rsa(hash: string): RsaHashedKeyGenParams {
  return { name: 'RSASSA-PKCS1-v1_5', modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]), hash };
}

/** Made by WebCrypto, in the browser. */
export async function createKey(signingAlgorithm: SigningAlgorithm): Promise<NewKey> {
  const pair = (await crypto.subtle.generateKey(PARAMETERS[signingAlgorithm], true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const { kty = '', n, e, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const members = Object.fromEntries(
    Object.entries({ n, e, crv, x, y }).filter(([, value]) => value !== undefined),
  );
  const kid = `key-${crypto.randomUUID().slice(0, 8)}`;
  return {
    signingAlgorithm,
    publicJwk: { kid, kty, alg: signingAlgorithm, use: 'sig', ...members },
    privateKeyPem: toPem(await crypto.subtle.exportKey('pkcs8', pair.privateKey)),
  };
}

function toPem(bytes: ArrayBuffer): string {
  const base64 = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return [
    '-----BEGIN PRIVATE KEY-----',
    ...(base64.match(/.{1,64}/g) ?? []),
    '-----END PRIVATE KEY-----',
    '',
  ].join('\n');
}

/** Offers a text as a file. */
export function download(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }));
  link.download = name;
  link.click();
  // Not before the browser has taken it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
