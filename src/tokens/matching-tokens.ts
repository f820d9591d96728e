import { hash } from 'node:crypto';
import type {
  AuthenticationMethodDto,
  CreateTokenBody,
  JsonWebKeyDto,
  TokenDto,
} from '../upstream/generated.ts';
import type { PageRequest } from '../upstream/iam-client.ts';
import type { Page } from '../upstream/parse-response.ts';

/**
 * List calls that one request may make to search for matching tokens, however many creates it has. The cost of an
 * operation contains them once if it creates with an idempotency key. For a caller with more pages of tokens the
 * search finds no certain result: `isComplete` is false.
 */
export const MAX_LOOK_UP_CALLS = 20;
const PAGE_SIZE = 100;

/** Tokens of the caller with the name and the keys of a create. */
export interface Matches {
  readonly tokens: readonly TokenDto[];
  /** False when the list was not read to its end or has an item that cannot be read, so that there may be other matches. */
  readonly isComplete: boolean;
  /** False when earlier searches of the same request left too few calls, so that a later request can find more. */
  readonly hadAllCalls: boolean;
}

interface Snapshot extends Omit<Matches, 'tokens'> {
  readonly tokens: Map<string, TokenDto>;
}

/** Reads a page of the list. With `newest` it is not coalesced with a read that began before. */
type ListPage = (page: PageRequest, options: { readonly newest: boolean }) => Promise<Page<TokenDto>>;

/** Searches the caller's tokens, for one request. */
export function createTokenLookUp(listPage: ListPage) {
  let callsLeft = MAX_LOOK_UP_CALLS;
  let snapshot: Snapshot | undefined;

  const readList = async (options: { readonly newest: boolean }): Promise<Snapshot> => {
    const hadAllCalls = callsLeft === MAX_LOOK_UP_CALLS;
    let all: Page<TokenDto>['items'] = [];
    let startKey: string | undefined;
    let isOver = false;
    while (!isOver && callsLeft > 0) {
      callsLeft--;
      const { items, next } = await listPage({ limit: PAGE_SIZE, startKey }, options);
      all = all.concat(items);
      // A repeated page key would lead to an endless loop.
      isOver = next === undefined || next === startKey;
      startKey = next;
    }
    const readable = all.filter((item): item is TokenDto => !(item instanceof Error));
    return {
      tokens: new Map(readable.map((token) => [token.id, token])),
      isComplete: isOver && startKey === undefined && readable.length === all.length,
      hadAllCalls: isOver || hadAllCalls,
    };
  };

  return {
    /**
     * The tokens with the name and the keys of a create. With `newest` the list is read again; otherwise a list that the
     * request has read before is used. Rejects as the list call does.
     */
    async find(
      { name, authenticationMethod }: CreateTokenBody,
      { newest }: { readonly newest: boolean },
    ): Promise<Matches> {
      if (newest || !snapshot) snapshot = await readList({ newest });
      const { tokens, isComplete, hadAllCalls } = snapshot;
      const wanted = identityOf(authenticationMethod);
      const matching = [...tokens.values()].filter(
        (token) => token.name === name && identityOf(token.authenticationMethod) === wanted,
      );
      return { tokens: matching, isComplete, hadAllCalls };
    },
    /** Call it for each token that the request has created or changed. */
    add: (token: TokenDto) => void snapshot?.tokens.set(token.id, token),
    /** Call it when a write of the request has failed: the list that was read before may be outdated. */
    drop(): void {
      snapshot = undefined;
    },
  };
}

/** The same keys (RFC 7638 thumbprints) or the same location of keys. */
function identityOf({ publicKeyInfo }: AuthenticationMethodDto): string {
  return 'jwks' in publicKeyInfo
    ? publicKeyInfo.jwks.keys.map(thumbprint).sort().join(' ')
    : publicKeyInfo.jwksUri;
}

/** RFC 7638: the required members only, in lexicographic order. */
function thumbprint({ crv, e, kty, n, x, y }: JsonWebKeyDto): string {
  return digestOf(kty === 'EC' ? { crv, kty, x, y } : { e, kty, n });
}

/** The SHA-256 of a value as JSON. */
export function digestOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64url');
}
