import { setImmediate } from 'node:timers/promises';
import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { type Scope, withDeadline } from '../upstream/attempt.ts';
import { createDeadlines, type Deadline, raceCancel } from '../upstream/cancellation.ts';
import type {
  CreateTokenBody,
  ProjectWithPolicyDto,
  TokenDto,
  UpdateTokenBody,
} from '../upstream/generated.ts';
import type { IamClient, PageRequest } from '../upstream/iam-client.ts';
import type { Page } from '../upstream/parse-response.ts';
import { beforeWrite, meaningOf, UpstreamError } from '../upstream/upstream-error.ts';
import { createTokenLookUp, type TokenLookUp } from './matching-tokens.ts';

/** The reads and writes of one request. Each request has its own: no other caller sees its data. */
export type Loaders = ReturnType<typeof createLoaders>;

/** A page of a list. Requests with the same `list` differ only in size. */
interface PageKey extends PageRequest {
  /** The list and the start key as one text. */
  readonly list: string;
}
type Found<Value> = Value | Error;

/**
 * IAM has no get-many, so "batch" means three things here: one id requested twice is one call; many ids at once are
 * one list call, with single calls only for ids that the list lacks; pages of one list that differ only in size are one
 * call for the largest.
 */
export function createLoaders(
  client: IamClient,
  scope: Scope,
  listPrefetch: ListPrefetch,
  principal: string,
) {
  const tokens = new DataLoader<string, TokenDto | null>(loadTokens);
  const tokenPages = createPageLoader((key: PageKey) => client.listTokens(scope, key));
  const projectPages = createPageLoader((key: PageKey & { readonly tokenId: string }) =>
    client.listProjectsOfToken(scope, key.tokenId, key),
  );

  async function loadTokens(ids: readonly string[]): Promise<Found<TokenDto | null>[]> {
    if (!listPrefetch.shouldPrefetch(principal, ids.length)) return loadEach(ids);
    const listed = await settle(loadListed(ids));
    if (!(listed instanceof Error)) return loadEach(ids, listed);
    // Not thrown, because DataLoader would forget the failure.
    if (!(listed instanceof UpstreamError)) return ids.map(() => listed);
    const found = await loadEach(ids);
    // Only the list is too slow or too large, and it will be the next time too.
    if (isUnreadable(listed) && found.some((token) => !(token instanceof Error)))
      listPrefetch.record(principal, { wanted: ids.length, found: 0, hasMore: true });
    return found;
  }

  const inTurn = async <Item>(page: Page<Item>): Promise<Page<Item>> => {
    if (page.chars > LARGE_CHARS) await raceCancel(afterOthers(), scope.deadline.cancellation);
    return page;
  };
  const loadEach = (ids: readonly string[], listed?: ReadonlyMap<string, TokenDto>) =>
    Promise.all(ids.map((id) => listed?.get(id) ?? settle(orNull(client.getToken(scope, id)))));

  /** The first page of the list, by id. */
  async function loadListed(ids: readonly string[]): Promise<ReadonlyMap<string, TokenDto>> {
    const { items, next } = await inHalfTheTime(scope.deadline, (deadline) =>
      client.listTokens(withDeadline(scope, deadline), { limit: 100, startKey: undefined }),
    );
    const wanted = new Set(ids);
    const found = items.filter((item): item is TokenDto => wanted.has(item.id) && !(item instanceof Error));
    const byId = new Map(found.map((token) => [token.id, token]));
    listPrefetch.record(principal, { wanted: ids.length, found: byId.size, hasMore: next !== undefined });
    return byId;
  }

  // Reads of this scope are not coalesced. Created only for writes: an object literal that begins with a spread is slow.
  const unsharedScope = () => ({ ...scope, isShared: false });
  let lookUp: TokenLookUp | undefined;

  /** Called before a write, which may change data that was read before. */
  const clear = (id?: string) => {
    if (id !== undefined) tokens.clear(id);
    tokenPages.clearAll();
    projectPages.clearAll();
  };
  const written = async (write: Promise<TokenDto>): Promise<TokenDto> => {
    try {
      const token = await write;
      clear(token.id);
      tokens.prime(token.id, token);
      lookUp?.add(token);
      return token;
    } catch (error) {
      lookUp?.drop();
      throw error;
    }
  };
  return {
    /** A token, or null when there is none. Rejects with `UpstreamError`. */
    token: (id: string): Promise<TokenDto | null> => tokens.load(id),
    /** Searches the list for idempotent creates. As for `freshToken`, a failure says that the write was not sent. */
    lookUp(): TokenLookUp {
      lookUp ??= createTokenLookUp((page, { newest }) =>
        beforeWrite(client.listTokens(newest ? unsharedScope() : scope, page)),
      );
      return lookUp;
    },
    /** The token as it is now, for a write that depends on it: a failure, also 404, says that the write was not sent. */
    async freshToken(id: string): Promise<TokenDto> {
      tokens.clear(id);
      const token = await beforeWrite(client.getToken(unsharedScope(), id));
      tokens.prime(id, token);
      return token;
    },
    async tokenPage({ limit, startKey }: PageRequest): Promise<Page<TokenDto>> {
      const page = await tokenPages.load({ list: startKey ?? '', limit, startKey }).then(inTurn);
      // `prime` does not overwrite, because the token of a write in this request is newer than that of a list.
      for (const item of page.items) if (!(item instanceof Error)) tokens.prime(item.id, item);
      return page;
    },
    projectPage(tokenId: string, { limit, startKey }: PageRequest): Promise<Page<ProjectWithPolicyDto>> {
      // With the id's length, so that no other pair of id and key gives the same text.
      const list = `${tokenId.length} ${tokenId}${startKey ?? ''}`;
      return projectPages.load({ list, tokenId, limit, startKey }).then(inTurn);
    },
    /** Writes are part of the loaders because each clears the reads that it makes outdated. */
    createToken(body: CreateTokenBody): Promise<TokenDto> {
      clear();
      return written(client.createToken(scope, body));
    },
    updateToken(id: string, body: UpdateTokenBody): Promise<TokenDto> {
      clear(id);
      return written(client.updateToken(scope, id, body));
    },
    async deleteToken(id: string): Promise<void> {
      clear(id);
      await client.deleteToken(scope, id);
    },
  };
}

/**
 * Decides whether one list call is likely to have several tokens that are requested by id. It keeps one fact per caller and
 * no data: the first page of the caller's list is not the whole list, lacked a requested token, or could not be read while
 * single tokens could. The fact expires, because lists change.
 */
export type ListPrefetch = ReturnType<typeof createListPrefetch>;

const MAX_CALLERS = 10_000;
const FORGET_AFTER_MS = 300_000;

/** `min` is the fewest ids for which the list is requested; 0 disables it. */
export function createListPrefetch(min: number, now = () => performance.now()) {
  // Callers whose list is not worth prefetching.
  const useless = new LRUCache<string, true>({
    max: MAX_CALLERS,
    ttl: FORGET_AFTER_MS,
    ttlResolution: 0,
    perf: { now },
  });
  /** Ids since the start of the process: found on a list, or not. */
  const counts = { hits: 0, misses: 0 };
  return {
    counts,
    shouldPrefetch: (principal: string, ids: number) => min > 0 && ids >= min && !useless.has(principal),
    /** Of `wanted` ids, `found` were on the list, which may have another page. */
    record(
      principal: string,
      { wanted, found, hasMore }: { wanted: number; found: number; hasMore: boolean },
    ): void {
      counts.hits += found;
      counts.misses += wanted - found;
      if (hasMore || found < wanted) useless.set(principal, true);
    },
  };
}

/** Leaves the other half for the calls that are made if the read fails. */
async function inHalfTheTime<Value>(
  { cancellation, remainingMs }: Deadline,
  read: (deadline: Deadline) => Promise<Value>,
): Promise<Value> {
  const half = createDeadlines(remainingMs() / 2).start();
  const removeListener = cancellation.onCancel(half.abandon);
  if (cancellation.reason) half.abandon();
  try {
    return await read(half);
  } finally {
    removeListener();
    half.end();
  }
}

/** Whether the response did not come in time or could not be used. A call that was not sent has none. */
function isUnreadable({ kind, requestSent }: UpstreamError): boolean {
  return requestSent && (kind === 'timeout' || kind === 'invalid-response');
}

/** Null when there is no such token. */
export function orNull(call: Promise<TokenDto>): Promise<TokenDto | null> {
  return call.catch((error) => {
    if (error instanceof UpstreamError && meaningOf(error) === 404) return null;
    throw error;
  });
}

/** Loads pages by one call per list, for the largest page wanted. A failed call fails only its own keys. */
function createPageLoader<Key extends PageKey, Item>(load: (key: Key) => Promise<Page<Item>>) {
  const loadPages = (keys: readonly Key[]) => {
    const calls = new Map<string, Promise<Found<Page<Item>>>>();
    for (const key of [...keys].sort((one, other) => other.limit - one.limit)) {
      if (!calls.has(key.list)) calls.set(key.list, settle(load(key)));
    }
    return Promise.all(keys.map(({ list }) => calls.get(list) as Promise<Found<Page<Item>>>));
  };
  return new DataLoader(loadPages, { cacheKeyFn: ({ limit, list }) => `${limit} ${list}` });
}

/** A list of a hundred tokens has some 80 000 characters. */
const LARGE_CHARS = 131_072;
/** Node.js accepts one connection in each turn of the event loop. Without work, all of these take half a millisecond. */
const TURNS_BETWEEN = 50;
let lastLarge: Promise<void> = Promise.resolve();

/**
 * Resolves when other requests have been served since the previous large page. Many requests may wait for one page, and the
 * fields of all of them, completed at once, would block the process for seconds.
 */
function afterOthers(): Promise<void> {
  lastLarge = lastLarge.then(async () => {
    for (let turn = 0; turn < TURNS_BETWEEN; turn++) await setImmediate();
  });
  return lastLarge;
}

/** Returns errors as values: then DataLoader fails only the keys concerned. */
function settle<Value>(call: Promise<Value>): Promise<Found<Value>> {
  return call.catch((error: Error) => error);
}
