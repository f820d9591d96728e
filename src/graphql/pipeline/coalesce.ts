import type { CallerRights } from '../../auth/authenticator.ts';
import { createCancellation, type Deadline, type RequestDeadline } from '../../upstream/cancellation.ts';
import type { SharedWork, SingleFlight, Waiter } from '../../upstream/single-flight.ts';
import type { Executed } from './execute.ts';
import type { PendingOperation } from './request.ts';

/** A request that waits for an execution, its own or that of an equal request. */
export interface CoalescedRequest extends Waiter {
  readonly deadline: RequestDeadline;
}

/** Work does not continue for requests with less time left than this. */
const LITTLE_MS = 250;

/**
 * Executes an operation, or waits for the execution of an identical query that the same caller is running. The deadline
 * that `execute` gets passes when none of the requests that wait has time left. Rejects when the request's own has passed.
 * Records where the outcome is that of another request.
 */
export async function coalesce(
  running: SingleFlight<CoalescedRequest>,
  pending: PendingOperation,
  execute: (deadline: Deadline) => Promise<Executed>,
): Promise<Executed> {
  const { caller, deadline, explanation, lastWriteAt, record } = pending.request;
  if (pending.prepared.isMutation || explanation || caller instanceof Error) return execute(deadline);
  const leaving = createCancellation();
  const waiter: CoalescedRequest = { cancellation: leaving, deadline };
  let work: SharedDeadline | undefined;
  const onCancel = () => {
    if (deadline.cancellation.reason === 'timeout' && work?.isLastOf(waiter)) work.expire();
    else leaving.cancel(deadline.cancellation.reason ?? 'aborted');
  };
  const removeListener = deadline.cancellation.onCancel(onCancel);
  if (deadline.cancellation.reason) onCancel();
  try {
    const start = (shared: SharedWork<CoalescedRequest>) => {
      work = shareDeadline(shared);
      return execute(work);
    };
    const { identity } = caller.credential;
    const outcome = await running.run(identity, toKey(caller, pending), waiter, start, lastWriteAt);
    if (work) return outcome;
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

interface SharedDeadline extends Deadline {
  /** Whether no other waiting request has enough time left. */
  isLastOf(request: CoalescedRequest): boolean;
  /** Ends the work as timed out, so that the waiting requests get a partial result. */
  expire(): void;
}

function shareDeadline({ cancellation: abandoned, waiters }: SharedWork<CoalescedRequest>): SharedDeadline {
  const cancellation = createCancellation();
  abandoned.onCancel(() => cancellation.cancel('aborted'));
  return {
    cancellation,
    expired: cancellation,
    remainingMs: () => waiters.reduce((most, { deadline }) => Math.max(most, deadline.remainingMs()), 0),
    isLastOf: (request) =>
      waiters.every((other) => other === request || other.deadline.remainingMs() <= LITTLE_MS),
    expire: () => cancellation.cancel('timeout'),
  };
}
