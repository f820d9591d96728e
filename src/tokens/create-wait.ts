import { setTimeout } from 'node:timers/promises';
import { type Deadline, raceCancel } from '../upstream/cancellation.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';

/** The part of the deadline that waits leave for the response. */
const RESPONSE_SHARE = 0.05;

/** A create that waits for the outcome of another one. */
interface Waiting {
  readonly deadline: Deadline;
  readonly requestDeadlineMs: number;
  /** Set when this request has created a token. */
  readonly made?: unknown;
}

/** Waits for `pollMs`, at most `heldForMs`. Rejects when there is no time left, and the client has to repeat the request. */
export async function pause(waiting: Waiting, pollMs: number, heldForMs: number): Promise<void> {
  const { deadline, requestDeadlineMs, made } = waiting;
  const waitMs = Math.min(pollMs, heldForMs);
  if (deadline.remainingMs() - waitMs < requestDeadlineMs * RESPONSE_SHARE)
    throw inProgress(waiting, heldForMs);
  // If a token was created, continues although the client has left, because the token must be recorded.
  const waited = raceCancel(setTimeout(waitMs), made ? deadline.expired : deadline.cancellation);
  await inTime(waiting, heldForMs, waited);
}

/** When the deadline passes meanwhile, the error says that another request holds the lease, not that IAM was slow. */
export async function inTime<Value>(
  waiting: Waiting,
  heldForMs: number,
  work: Value | Promise<Value>,
): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw waiting.deadline.expired.reason === undefined ? error : inProgress(waiting, heldForMs);
  }
}

/** The error that says in how many seconds the lease ends. */
export function inProgress({ made }: Pick<Waiting, 'made'>, heldForMs: number): UpstreamError {
  return new UpstreamError('in-progress', 'another request holds the lease', {
    requestSent: made !== undefined,
    retryAfterSeconds: Math.max(1, Math.ceil(heldForMs / 1000)),
  });
}
