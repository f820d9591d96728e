import { hash } from 'node:crypto';
import type {
  AuthenticationMethodDto,
  CreateTokenBody,
  JsonWebKeyDto,
  TokenDto,
} from '../upstream/models.ts';
import type { Loaders } from './loaders.ts';

/** A caller with more tokens than this cannot be helped by looking through them. */
const MAX_PAGES = 100;

/** The caller's tokens with the same name and the same keys (RFC 7638 thumbprints) or the same location of keys. */
export async function findLookalikes(
  { name, authenticationMethod }: CreateTokenBody,
  loaders: Loaders,
): Promise<TokenDto[]> {
  const wanted = identityOf(authenticationMethod);
  const found: TokenDto[] = [];
  let startKey: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { items, next } = await loaders.tokenPage({ limit: 100, startKey });
    for (const item of items) {
      if (!('broken' in item) && item.name === name && identityOf(item.authenticationMethod) === wanted)
        found.push(item);
    }
    if (next === undefined || next === startKey) break;
    startKey = next;
  }
  return found;
}

function identityOf({ publicKeyInfo }: AuthenticationMethodDto): string {
  return 'jwks' in publicKeyInfo
    ? publicKeyInfo.jwks.keys.map(thumbprint).sort().join(' ')
    : publicKeyInfo.jwksUri;
}

/** RFC 7638: the required members only, in lexicographic order. */
function thumbprint({ crv, e, kty, n, x, y }: JsonWebKeyDto): string {
  return sha256(kty === 'EC' ? { crv, kty, x, y } : { e, kty, n });
}

export function sha256(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64url');
}
