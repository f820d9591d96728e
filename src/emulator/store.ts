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
  /** Write-only in IAM: stored, never returned. */
  readonly description?: string;
  readonly memberships: readonly Membership[];
}

export interface State {
  readonly lastSequence: number;
  /** In the order of their sequence numbers. */
  readonly tokens: readonly StoredToken[];
}

export type Store = ReturnType<typeof createStore>;

/**
 * Each write resolves when it is safe to acknowledge: when `save` has written the state to the file. Writes that arrive
 * while it runs share the next file, so a burst of creates costs two or three files and not one each. When a file cannot be
 * written, the state in memory is reset to the last file, as by a restart, and all writes since then are rejected.
 */
export function createStore(initial: State, save: (state: State) => Promise<void>) {
  // In the order of creation, because a Map keeps the place of an entry that is replaced.
  let byId = toMap(initial.tokens);
  let { lastSequence, tokens: saved } = initial;
  let waiting: { resolve(): void; reject(error: unknown): void }[] = [];
  let isSaving = false;

  const saveAll = async () => {
    isSaving = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const tokens = [...byId.values()];
      try {
        await save({ lastSequence, tokens });
        saved = tokens;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        byId = toMap(saved);
        for (const { reject } of [...batch, ...waiting]) reject(error);
        waiting = [];
      }
    }
    isSaving = false;
  };
  const commit = () =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ resolve, reject });
      if (!isSaving) void saveAll();
    });
  const put = (stored: StoredToken) => {
    byId.set(stored.token.id, stored);
    return commit();
  };

  return {
    find: (tokenId: string): StoredToken | undefined => byId.get(tokenId),
    /** In the order they were created. */
    listOf: (principal: string): readonly StoredToken[] =>
      [...byId.values()].filter((stored) => stored.principal === principal),
    insert: (token: Omit<StoredToken, 'sequence' | 'memberships'>): Promise<void> =>
      put({ ...token, sequence: ++lastSequence, memberships: [] }),
    /** Replaces the token that has this id. */
    put,
    remove({ token }: StoredToken): Promise<void> {
      byId.delete(token.id);
      return commit();
    },
  };
}

function toMap(tokens: readonly StoredToken[]): Map<string, StoredToken> {
  return new Map(tokens.map((stored) => [stored.token.id, stored]));
}
