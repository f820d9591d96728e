/**
 * The tokens and projects of the upstream stub, with which responses are compared. All ids have the same length, so all
 * responses to one workload have the same length.
 */

const OWNER = 'ari:iam:::user/0f9a3f2c-55d1-4d7c-9f0b-7a2b1c3d4e5f';
export const PROJECTS_PER_TOKEN = 25;

/** A public key as the vendor's clients register it. */
export const jwks = {
  keys: [
    {
      kty: 'RSA',
      use: 'sig',
      alg: 'RS256',
      kid: 'k1',
      n: 'uOP9QZX93kjlwAnZxufbBhHRJmpKLK8Rudp6b8tZj7o1Iw6ZowMtb2TTVw9LZ0mpvIcHlvjq5oYl7Mm_XQFGOl2ZY_wbrrpggb_uNbQCMav8eX4GgaF76Mc10ZspHCIBlPpv6VY767UWS7kXqakgTxSpR3IaoDZtM87XoECO-EfOsjhWSRhb8T_CSldNmgSqkvZM8nFv309eNGOxhegVdyQjfRnyuQCfrnqNMqcS20wzM9gAPO2D8EmtdYWMov35-T3S_TZANv1i0HABF61F_ANAdsUg3kJtJSHiFU90BUO9LF9raxjBjWmBFodA_5klwx7ytxEcESiaxE71eESbsw',
      e: 'AQAB',
    },
  ],
};

export const authenticationMethod = {
  type: 'PRIVATE_KEY',
  signingAlgorithm: 'RS256',
  publicKeyInfo: { jwks },
};

export function tokenId(index) {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

export function createToken(id) {
  return {
    id,
    ari: `ari:iam:::token/${id}`,
    ownerAri: OWNER,
    name: `Service token ${id}`,
    authenticationMethod,
    scopes: ['openid', 'offline_access'],
  };
}

export function createProject(ofTokenId, index) {
  return {
    id: `${ofTokenId}-${String(index).padStart(6, '0')}`,
    name: `Project ${index} of ${ofTokenId}`,
    policy: {
      version: '2022-12-15',
      statement: [
        { action: ['*'], effect: 'Allow', principal: [`ari:iam:::token/${ofTokenId}`], resource: ['*'] },
      ],
    },
  };
}
