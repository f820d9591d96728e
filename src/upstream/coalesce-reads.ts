import type { Scope } from './attempt.ts';
import type { Deadline } from './cancellation.ts';
import { raceCancel } from './cancellation.ts';
import type { IamClient } from './iam-client.ts';
import type { SharedWork, SingleFlight } from './single-flight.ts';

export interface WriteHooks {
  /** Called at the start and at the end of every write of an identity: what it read before may no longer be so. */
  onWrite(identity: string): void;
  /** Resolves when other processes know of the write. The write's answer waits for it, for as long as it has time. */
  readonly afterWrite?: ((identity: string) => Promise<void>) | undefined;
}

/**
 * The same client, with two rules added. A read that already runs for an identity is shared, not repeated. And no read that
 * began before a write of that identity ended is shared with a request that comes after it: it may have seen the old state.
 */
export function shareReads(
  client: IamClient,
  reads: SingleFlight<Deadline>,
  { onWrite, afterWrite }: WriteHooks,
): IamClient {
  const read = <Value>(scope: Scope, key: string, call: (scope: Scope) => Promise<Value>): Promise<Value> =>
    scope.isShared === false
      ? call(scope)
      : reads.run(
          scope.credential.identity,
          key,
          scope.deadline,
          (work) => call(toSharedScope(scope, work)),
          scope.lastWriteAt,
        );
  const write = async <Value>({ credential, deadline }: Scope, call: () => Promise<Value>) => {
    const { identity } = credential;
    reads.invalidate(identity);
    onWrite(identity);
    try {
      return await call();
    } finally {
      reads.invalidate(identity);
      onWrite(identity);
      // Before the client has its answer, so that a read that it sends next, to whichever process, sees the write.
      await raceCancel(afterWrite?.(identity), deadline.expired)?.catch(() => undefined);
    }
  };
  return {
    getToken: (scope, id) => read(scope, `token ${id}`, (shared) => client.getToken(shared, id)),
    listTokens: (scope, page) =>
      read(scope, `tokens ${page.limit} ${page.startKey ?? ''}`, (shared) => client.listTokens(shared, page)),
    listProjectsOfToken: (scope, id, page) =>
      read(scope, `projects ${page.limit} ${id.length} ${id}${page.startKey ?? ''}`, (shared) =>
        client.listProjectsOfToken(shared, id, page),
      ),
    createToken: (scope, body) => write(scope, () => client.createToken(scope, body)),
    updateToken: (scope, id, body) => write(scope, () => client.updateToken(scope, id, body)),
    deleteToken: (scope, id) => write(scope, () => client.deleteToken(scope, id)),
  };
}

/** Runs while any waiter has time left. Headers and credential are those of the first waiter. */
function toSharedScope(scope: Scope, { cancellation, waiters }: SharedWork<Deadline>): Scope {
  const remainingMs = () => {
    let most = 0;
    for (const waiter of waiters) most = Math.max(most, waiter.remainingMs());
    return most;
  };
  const { owner, credential, headers, counter, observer } = scope;
  return {
    owner,
    credential,
    headers,
    counter,
    observer,
    deadline: { cancellation, expired: cancellation, remainingMs },
  };
}
