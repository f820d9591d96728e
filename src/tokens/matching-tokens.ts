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
 * search finds no certain result.
 */
export const MAX_LOOK_UP_CALLS = 20;
const PAGE_SIZE = 100;

/** Maximum number of ids in a record, which would be too large otherwise. */
const MAX_BEFORE = 50;

/** The caller's tokens. */
interface Snapshot {
  readonly tokens: Map<string, TokenDto>;
  /** False when the list was not read to its end or has an item that cannot be read, so that there may be other tokens. */
  readonly isComplete: boolean;
  /** False when earlier searches of the same request left too few calls, so that a later request can find more. */
  readonly hadAllCalls: boolean;
}

/** Reads a page of the list. With `newest` it is not coalesced with a read that began before. */
type ListPage = (page: PageRequest, options: { readonly newest: boolean }) => Promise<Page<TokenDto>>;

export type TokenLookUp = ReturnType<typeof createTokenLookUp>;

/** Searches the caller's tokens for those with the name and the keys of a create, for one request. */
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
     * The ids of the tokens that match a create before its POST; null when they are not known. A list that the request has
     * read before is used. Rejects as the list call does.
     */
    async idsBefore(body: CreateTokenBody): Promise<readonly string[] | null> {
      snapshot ??= await readList({ newest: false });
      const tokens = findMatching(snapshot, body);
      return snapshot.isComplete && tokens.length <= MAX_BEFORE ? tokens.map(({ id }) => id) : null;
    },
    /** The token that an earlier attempt created, if it can be distinguished from those that existed before. */
    async findMade(
      body: CreateTokenBody,
      before: readonly string[] | null,
    ): Promise<TokenDto | undefined | 'cannot-be-known' | 'search-again'> {
      if (before === null) return 'cannot-be-known';
      snapshot = await readList({ newest: true });
      const made = findMatching(snapshot, body).find(({ id }) => !before.includes(id));
      if (made || snapshot.isComplete) return made;
      return snapshot.hadAllCalls ? 'cannot-be-known' : 'search-again';
    },
    /** Call it for each token that the request has created or changed. */
    add: (token: TokenDto) => void snapshot?.tokens.set(token.id, token),
    /** Call it when a write of the request has failed: the list that was read before may be outdated. */
    drop(): void {
      snapshot = undefined;
    },
  };
}

function findMatching({ tokens }: Snapshot, { name, authenticationMethod }: CreateTokenBody): TokenDto[] {
  const wanted = identityOf(authenticationMethod);
  return [...tokens.values()].filter(
    (token) => token.name === name && identityOf(token.authenticationMethod) === wanted,
  );
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
