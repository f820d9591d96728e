import type { ApolloClient } from '@apollo/client';
import {
  type JsonWebKeyInput,
  type SigningAlgorithm,
  type TokenDetailsFragment,
  TokenKeysDocument,
} from './gql/graphql.ts';

type KeySet = Extract<
  TokenDetailsFragment['authenticationMethod']['publicKeyInfo'],
  { readonly __typename: 'JsonWebKeySet' }
>;
export type PublicKey = KeySet['keys'][number];

/** What a token signs in with. */
export type TokenKeys =
  /** A key set that IAM reads from an address. */
  | { readonly jwksUri: string; readonly keys: undefined }
  /** Keys that are registered at IAM. `algorithm` is undefined when IAM names one that this console does not know. */
  | {
      readonly jwksUri: undefined;
      readonly keys: readonly PublicKey[];
      readonly algorithm: SigningAlgorithm | undefined;
    };

export function keysOf({ authenticationMethod }: TokenDetailsFragment): TokenKeys {
  const { publicKeyInfo, signingAlgorithm } = authenticationMethod;
  if (publicKeyInfo.__typename === 'JsonWebKeySetLocation')
    return { jwksUri: publicKeyInfo.jwksUri, keys: undefined };
  return { jwksUri: undefined, keys: publicKeyInfo.keys, algorithm: signingAlgorithm ?? undefined };
}

export const CHANGED_MEANWHILE =
  'This token was changed or deleted meanwhile. Close this, and look at it again.';

/**
 * The registered keys as they are at this moment; undefined when there are none, or the token is gone. A change sends the
 * whole set, and the API has no versions: reading just before keeps the time short in which a change of somebody else would
 * be undone.
 */
export async function readKeys(client: ApolloClient, id: string): Promise<readonly PublicKey[] | undefined> {
  const { data } = await client.query({
    query: TokenKeysDocument,
    variables: { id },
    fetchPolicy: 'network-only',
  });
  return data?.token ? keysOf(data.token).keys : undefined;
}

/** A key that was read, in the form to send it again. */
export function toInput(key: PublicKey, algorithm: SigningAlgorithm): JsonWebKeyInput {
  const { kid, kty, alg, use, ...parameters } = key;
  const { n, e, crv, x, y } = parameters;
  const present = Object.fromEntries(Object.entries({ n, e, crv, x, y }).filter(([, value]) => value));
  return { kid, kty, alg: alg || algorithm, use: use || 'sig', ...present };
}

/**
 * The algorithm that an additional key must have: all keys of a token are of one. Undefined where no key can be accepted
 * beside the present ones.
 */
export function overlapAlgorithm(keys: TokenKeys): SigningAlgorithm | undefined {
  if (keys.jwksUri !== undefined || !keys.algorithm) return undefined;
  const { algorithm } = keys;
  return keys.keys.every(({ alg }) => alg === '' || alg === algorithm) ? algorithm : undefined;
}
