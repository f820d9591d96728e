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
  state(): State;
}

/** Everything that the data file contains. */
export interface State {
  readonly lastSequence: number;
  readonly tokens: readonly StoredToken[];
}

/** `save` writes the state to the file. A write whose file fails is undone in memory: a restart would lose it. */
export function createStore(initial: State, save: (state: State) => Promise<void>): Store {
  const byId = new Map(initial.tokens.map((stored) => [stored.token.id, stored]));
  const byPrincipal = new Map<string, StoredToken[]>();
  let { lastSequence } = initial;
  for (const stored of initial.tokens) listFor(byPrincipal, stored.principal).push(stored);

  const add = (stored: StoredToken) => {
    byId.set(stored.token.id, stored);
    const list = listFor(byPrincipal, stored.principal);
    list.splice(firstAfter(list, stored.sequence), 0, stored);
  };
  const replace = (stored: StoredToken) => {
    byId.set(stored.token.id, stored);
    const list = listFor(byPrincipal, stored.principal);
    list[firstAfter(list, stored.sequence - 1)] = stored;
  };
  const remove = (stored: StoredToken) => {
    byId.delete(stored.token.id);
    const list = listFor(byPrincipal, stored.principal);
    list.splice(firstAfter(list, stored.sequence - 1), 1);
  };
  const state = (): State => ({
    lastSequence,
    tokens: [...byId.values()].sort((one, other) => one.sequence - other.sequence),
  });
  const commit = createCommit(() => save(state()));

  return {
    find: (tokenId) => byId.get(tokenId),
    listOf: (principal) => byPrincipal.get(principal) ?? [],
    insert(token) {
      lastSequence += 1;
      const stored = { ...token, sequence: lastSequence, memberships: [] };
      add(stored);
      return commit(() => remove(stored));
    },
    replace(stored) {
      const before = byId.get(stored.token.id);
      replace(stored);
      return commit(() => before && replace(before));
    },
    remove(stored) {
      const before = byId.get(stored.token.id) ?? stored;
      remove(stored);
      return commit(() => add(before));
    },
    state,
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
        const later = pending;
        pending = [];
        fail([...batch, ...later], error);
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

function listFor(lists: Map<string, StoredToken[]>, principal: string): StoredToken[] {
  const list = lists.get(principal) ?? [];
  lists.set(principal, list);
  return list;
}
