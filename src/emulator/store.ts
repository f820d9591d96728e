import type { ProjectWithPolicyDto, TokenDto } from '../upstream/generated.ts';

/** Sequence numbers never come back: a page key names a place in the order, also after its item is deleted. */
interface Membership {
  readonly sequence: number;
  readonly project: ProjectWithPolicyDto;
}

export interface StoredToken {
  readonly sequence: number;
  readonly principal: string;
  readonly token: TokenDto;
  /** Write-only in the API: stored, never returned. */
  readonly description?: string;
  readonly memberships: readonly Membership[];
}

/** The state in memory. Each write resolves when it is safe to acknowledge, which is when the file has it. */
export interface Store {
  find(tokenId: string): StoredToken | undefined;
  /** In the order they were created. */
  listOf(principal: string): readonly StoredToken[];
  insert(token: Omit<StoredToken, 'sequence' | 'memberships'>): Promise<void>;
  replace(token: StoredToken): Promise<void>;
  remove(token: StoredToken): Promise<void>;
}

/** Everything that the data file contains. */
export interface State {
  readonly lastSequence: number;
  readonly tokens: readonly StoredToken[];
}

/** `save` writes the state to the file. A write whose file fails is undone in memory: a restart would lose it. */
export function createStore(initial: State, save: (state: State) => Promise<void>): Store {
  const byId = new Map<string, StoredToken>();
  const byPrincipal = new Map<string, StoredToken[]>();
  let { lastSequence } = initial;

  const listOf = (principal: string) => byPrincipal.get(principal) ?? [];
  /** Puts `after` in the place of `before`. Either may be missing, and both are of one token. */
  const change = (before: StoredToken | undefined, after: StoredToken | undefined) => {
    const { principal, sequence, token } = (after ?? before) as StoredToken;
    const list = listOf(principal);
    list.splice(firstAfter(list, sequence - 1), before ? 1 : 0, ...(after ? [after] : []));
    byPrincipal.set(principal, list);
    if (after) byId.set(token.id, after);
    else byId.delete(token.id);
  };
  for (const stored of initial.tokens) change(undefined, stored);

  const commit = createCommit(() => {
    const tokens = [...byId.values()].sort((one, other) => one.sequence - other.sequence);
    return save({ lastSequence, tokens });
  });
  const write = (before: StoredToken | undefined, after: StoredToken | undefined) => {
    change(before, after);
    return commit(() => change(after, before));
  };

  return {
    find: (tokenId) => byId.get(tokenId),
    listOf,
    insert(token) {
      lastSequence += 1;
      return write(undefined, { ...token, sequence: lastSequence, memberships: [] });
    },
    replace: (stored) => write(byId.get(stored.token.id), stored),
    remove: (stored) => write(stored, undefined),
  };
}

/** A write that is in memory and not yet in the file. */
interface Pending {
  undo(): void;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Returns a function that resolves when a file written after the call is on disk. Calls that arrive meanwhile share the
 * next file, so a burst of creates costs two or three files and not one each. When a file cannot be written, everything
 * that is in none yet is undone, latest first, and rejected: later writes were made on top of those that failed.
 */
function createCommit(save: () => Promise<void>): (undo: () => void) => Promise<void> {
  let pending: Pending[] = [];
  let isSaving = false;

  const fail = (lost: readonly Pending[], error: unknown) => {
    for (const { undo } of lost.toReversed()) undo();
    for (const { reject } of lost) reject(error);
  };
  const saveAll = async () => {
    isSaving = true;
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      try {
        await save();
        for (const { resolve } of batch) resolve();
      } catch (error) {
        fail([...batch, ...pending], error);
        pending = [];
      }
    }
    isSaving = false;
  };
  return (undo) =>
    new Promise((resolve, reject) => {
      pending.push({ undo, resolve, reject });
      if (!isSaving) void saveAll();
    });
}

/** The index of the first item behind a place in the order; the length if there is none. */
export function firstAfter(items: readonly { readonly sequence: number }[], sequence: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle]?.sequence ?? 0) > sequence) high = middle;
    else low = middle + 1;
  }
  return low;
}
