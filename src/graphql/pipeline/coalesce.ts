import type { CallerRights } from '../../auth/authenticator.ts';
import type { Deadline } from '../../upstream/cancellation.ts';
import type { SingleFlight } from '../../upstream/single-flight.ts';
import type { Executed } from './execute.ts';
import type { PendingOperation } from './request.ts';

/**
 * Executes an operation, or waits for the execution of an identical query that the same caller is running. `execute` gets a
 * deadline that passes when no waiting request has time left. Rejects when the request's own deadline passes. Records in
 * `record` when the outcome is that of another request.
 */
export async function coalesce(
  running: SingleFlight,
  pending: PendingOperation,
  execute: (deadline: Deadline) => Promise<Executed>,
): Promise<Executed> {
  const { caller, deadline, explanation, record } = pending.request;
  if (pending.prepared.isMutation || explanation || caller instanceof Error) return execute(deadline);
  let isOwn = false;
  const start = (shared: Deadline) => {
    isOwn = true;
    return execute(shared);
  };
  const outcome = await running.run(caller.credential.identity, toKey(caller, pending), deadline, start);
  if (isOwn) return outcome;
  if (outcome.isPersonal) return execute(deadline);
  record.coalesced = true;
  return outcome;
}

/**
 * Equal for requests that get equal results: the caller, the operation and its variables. The principal is part of it,
 * because in `pat` mode all callers have one credential.
 */
function toKey({ principal }: CallerRights, { prepared, variables }: PendingOperation): string {
  return `${principal} ${prepared.id} ${JSON.stringify(variables)}`;
}
