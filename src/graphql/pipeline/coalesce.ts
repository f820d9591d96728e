import type { CallerRights } from '../../auth/authenticator.ts';
import { createCancellation, type Deadline } from '../../upstream/cancellation.ts';
import type { SharedWork, SingleFlight } from '../../upstream/single-flight.ts';
import type { Executed } from './execute.ts';
import type { PendingOperation } from './request.ts';

/** Work does not continue for requests with less time left than this. */
const LITTLE_MS = 250;

/**
 * Executes an operation, or waits for the execution of an identical query that the same caller is running. The deadline
 * that `execute` gets passes when none of the requests that wait has time left. Rejects when the request's own has passed.
 * Records where the outcome is that of another request.
 */
export async function coalesce(
  running: SingleFlight,
  pending: PendingOperation,
  execute: (deadline: Deadline) => Promise<Executed>,
): Promise<Executed> {
  const { caller, deadline, explanation, record } = pending.request;
  if (pending.prepared.isMutation || explanation || caller instanceof Error) return execute(deadline);
  const leaving = createCancellation();
  const { expired, remainingMs } = deadline;
  const waiter: Deadline = { cancellation: leaving, expired, remainingMs };
  // The work, if this request has started it.
  let ownWork: SharedWork | undefined;
  const onCancel = () => {
    // Ends the work as timed out, so that the requests that wait get a partial result.
    if (deadline.cancellation.reason === 'timeout' && ownWork && isLast(waiter, ownWork))
      ownWork.cancel('timeout');
    else leaving.cancel(deadline.cancellation.reason ?? 'aborted');
  };
  const removeListener = deadline.cancellation.onCancel(onCancel);
  if (deadline.cancellation.reason) onCancel();
  try {
    const start = (shared: SharedWork) => {
      ownWork = shared;
      return execute(shared);
    };
    const { identity } = caller.credential;
    const outcome = await running.run(identity, toKey(caller, pending), waiter, start);
    if (ownWork) return outcome;
    if (outcome.isPersonal) return await execute(deadline);
    record.coalesced = true;
    return outcome;
  } finally {
    removeListener();
  }
}

/**
 * Equal for requests that get equal results: the caller, what the caller may read, the operation and its variables. In
 * `pat` mode all callers have one credential, so the principal is part of it.
 */
function toKey({ principal, mayRead }: CallerRights, { prepared, variables }: PendingOperation): string {
  return `${principal} ${mayRead} ${prepared.id} ${JSON.stringify(variables)}`;
}

/** Whether no other waiting request has enough time left. */
function isLast(waiter: Deadline, { waiters }: SharedWork): boolean {
  return waiters.every((other) => other === waiter || other.remainingMs() <= LITTLE_MS);
}
