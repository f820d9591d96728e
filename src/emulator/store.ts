import type { ProjectWithPolicyDto, TokenDto } from '../upstream/generated.ts';

/** Sequence numbers never come back: a page key names a place in the order, also after its item is deleted. */
export interface Membership {
  readonly sequence: number;
  readonly project: ProjectWithPolicyDto;
}

export interface StoredToken {
  readonly sequence: number;
  readonly principal: string;
  readonly token: TokenDto;
  /** Write-only in the API: kept, never answered. */
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

/** All there is to keep. */
export interface State {
  readonly lastSequence: number;
  readonly tokens: readonly StoredToken[];
}

export function createStore(initial: State, commit: () => Promise<void>): Store {
  const byId = new Map(initial.tokens.map((stored) => [stored.token.id, stored]));
  const byPrincipal = new Map<string, StoredToken[]>();
  let { lastSequence } = initial;
  for (const stored of initial.tokens) listFor(byPrincipal, stored.principal).push(stored);

  return {
    find: (tokenId) => byId.get(tokenId),
    listOf: (principal) => byPrincipal.get(principal) ?? [],
    insert(token) {
      lastSequence += 1;
      const stored = { ...token, sequence: lastSequence, memberships: [] };
      byId.set(stored.token.id, stored);
      listFor(byPrincipal, stored.principal).push(stored);
      return commit();
    },
    replace(stored) {
      byId.set(stored.token.id, stored);
      const list = listFor(byPrincipal, stored.principal);
      list[firstAfter(list, stored.sequence - 1)] = stored;
      return commit();
    },
    remove(stored) {
      byId.delete(stored.token.id);
      const list = listFor(byPrincipal, stored.principal);
      list.splice(firstAfter(list, stored.sequence - 1), 1);
      return commit();
    },
    state: () => ({ lastSequence, tokens: [...byId.values()] }),
  };
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
