import type { JsonWebKeyDto, SigningAlgorithm } from '../../upstream/generated.ts';

// Three real public keys; their private halves were thrown away. Every sample token has one of them under its
// own `kid`, because making 120 RSA keys takes longer than starting everything else.
const RSA = {
  kty: 'RSA',
  n: 'olUlfh-4Eblb8QedYxoCaD_LqLN0MArqS_ujEfcjpUv3UeAQ_x8a0bAXgnmOR3Z2hg2FUJsABwH0w9bLK0HS64rEftyVIfxwyBTaKo-3M0LkC4UqC2pqdOlwF4AOtv6hd42tH4UA_4LQ_ZOSN_bXr-BTFD-kxKGo5kuh5GwzXv22VqWx1Z7MM75EY6lyPhVKeFDmOju9fbAfrgdJVxLJWp9X1JdnXVHRpUYSXsY2be-uBLWuWIgjszvybgO6ct6OXt1jn1VmxDbJL4SBcdO1LR7zPMXGy0pdCQktr6JGQt8nAdwZlgu_iwUS1XDkZ18vHCoQz3IeqnPBG3ScG457yw',
  e: 'AQAB',
};
const P256 = {
  kty: 'EC',
  crv: 'P-256',
  x: 'EiAZy3TKH13u5stXnQmtAiw8zj1DkBz7Rgi4NJAmdS0',
  y: 'HOEhKzwrdDknHhJwK6FQ8JuvD6Pza1ZhS-8aRXZznPs',
};
const P521 = {
  kty: 'EC',
  crv: 'P-521',
  x: 'AUDFIYIpMBKQKOxCkei9FysQAxzU0JUznDpTQg1Xh2JVXCF79JlACjtZgOO2_Z56hvFP-sTAhLJqezMxjMY35kBs',
  y: 'ATxt1i0tbdbJb0Dz8bVzYt1xaZ2HEVEVoBeMRd1geJk2r73an2X7GgCS6HGPzmv9NVdJxjoX6bs078m00PW6vOVJ',
};

const KEYS = { RS256: RSA, RS512: RSA, ES256: P256, ES512: P521 };

/** A public key that imports and fits the algorithm. */
export function sampleKey(alg: SigningAlgorithm, kid: string): JsonWebKeyDto {
  return { use: 'sig', kid, alg, ...KEYS[alg] };
}
