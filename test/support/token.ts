import type { TokenDto } from '../../src/upstream/generated.ts';

/** A token as the API sends it. */
export const TOKEN = {
  id: 'a',
  ari: 'ari:iam:::token/a',
  ownerAri: 'ari:iam:::user/u',
  name: 'worker',
  scopes: [],
  authenticationMethod: {
    type: 'PRIVATE_KEY',
    signingAlgorithm: 'RS256',
    publicKeyInfo: { jwksUri: 'https://a.example/jwks' },
  },
} satisfies TokenDto;

/** Members of an input that creates this token. */
export const INPUT =
  'name: "worker", authenticationMethod: { signingAlgorithm: RS256, ' +
  'publicKeyInfo: { jwksUri: "https://a.example/jwks" } }';
export const READ = '{ token(id: "a") { name } }';
export const CREATE = `mutation { createToken(input: { ${INPUT} }) { token { id } } }`;
export const UPDATE = 'mutation { updateToken(input: { id: "a", name: "worker" }) { token { id } } }';
export const DELETE = 'mutation { deleteToken(input: { id: "a" }) { deletedTokenId } }';
