import { setTimeout } from 'node:timers/promises';
import { type LeasedChange, type LeasedRecords, type RecordKey, StateUnavailable } from '../state/records.ts';
import { type Deadline, raceCancel } from '../upstream/cancellation.ts';
import type { CreateTokenBody, TokenDto } from '../upstream/generated.ts';
import { isFromProxy, mayHaveSucceeded, UpstreamError } from '../upstream/upstream-error.ts';
import { type CreateRecord, type Lease, toStoredRecord, withLease } from './create-record.ts';
import { type Loaders, orNull } from './loaders.ts';
import { digestOf } from './matching-tokens.ts';

export interface CreateRequest {
  readonly principal: string;
  readonly key: string;
  readonly body: CreateTokenBody;
  readonly loaders: Loaders;
  /** The deadline of the request, which limits every wait. */
  readonly deadline: Deadline;
}

type CreateOutcome = { readonly token: TokenDto } | { readonly problems: readonly [IdempotencyKeyProblem] };

interface IdempotencyKeyProblem {
  readonly path: readonly string[];
  readonly message: string;
  readonly code: 'CONFLICT' | 'NOT_FOUND';
}

export type IdempotentCreate = (request: CreateRequest) => Promise<CreateOutcome>;

/** Allows for clocks that differ a little, and for commands that are on their way to the store. */
const MARGIN_MS = 1000;
/** Waits between reads of the record grow by half, those between searches for the token double. */
const FIRST_POLL_MS = 20;
const MAX_POLL_MS = 200;
const FIRST_LOOK_UP_MS = 500;
/** The part of the deadline that waits leave for the response. */
const RESPONSE_SHARE = 0.05;
const FULL_RETRY_SECONDS = 60;

interface Create extends CreateRequest {
  readonly records: LeasedRecords;
  readonly recordKey: RecordKey;
  readonly digest: string;
  readonly requestDeadlineMs: number;
  /** The token that this request has created and not recorded yet. */
  made?: TokenDto;
  /** The earliest time of the next search for the token, by `performance.now`. */
  lookUpAt: number;
  /** The pause after that search. */
  lookUpWaitMs: number;
}

/**
 * Creates at most one token under a key. IAM has no idempotency keys, and two equal creates make two tokens, so a record
 * is written before the POST is sent, and completed after it. One request at a time holds the lease on the record; the
 * others wait for its outcome, within their own deadlines. While the outcome is unknown, the lease is kept for as long as
 * the POST may still take effect, and the caller's tokens are searched for the created one. A token is reported only once it
 * is recorded, so two requests never report two tokens.
 */
export function createIdempotentCreate(records: LeasedRecords, requestDeadlineMs = 10_000): IdempotentCreate {
  return (request) => {
    const id = digestOf([request.principal, request.key]);
    const recordKey = { caller: request.principal, id };
    const digest = digestOf(request.body);
    const lookUps = { lookUpAt: 0, lookUpWaitMs: FIRST_LOOK_UP_MS };
    return run({ ...request, ...lookUps, records, recordKey, digest, requestDeadlineMs });
  };
}

async function run(create: Create): Promise<CreateOutcome> {
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 1.5, MAX_POLL_MS)) {
    const step = await takeStep(create).catch((error) => withoutState(create, error));
    if ('outcome' in step) return step.outcome;
    await pause(create, pollMs, step.heldForMs);
  }
}

/** The result of one look at the record: an outcome, or the longest time until the next look. */
type Step = { readonly outcome: CreateOutcome } | { readonly heldForMs: number };
const READ_AGAIN: Step = { heldForMs: FIRST_POLL_MS };

/**
 * Reads the record and acts on it. While the record has no token, the outcome is unknown: another request is sending the
 * POST, its response was lost, or its process has died.
 *
 * | record          | with the lease                                   | while another request has the lease |
 * | --------------- | ------------------------------------------------ | ----------------------------------- |
 * | none            | creates the token                                | waits                               |
 * | without a token | searches for the token, and creates it otherwise | waits, and searches now and then    |
 * | with a token    | returns the token                                | returns the token                   |
 */
function takeStep(create: Create): Promise<Step> {
  const { records, recordKey, digest, deadline } = create;
  const leaseMs = deadline.remainingMs() + MARGIN_MS;
  return withLease(records, recordKey, leaseMs, async (record, lease, heldForMs) => {
    if (record?.digest !== undefined && record.digest !== digest) return { outcome: conflict };
    if (record?.tokenId !== undefined) return { outcome: await readDone(create, record.tokenId) };
    return lease ? createOrFind(create, record, lease) : waitForOther(create, record, heldForMs);
  });
}

async function readDone({ loaders, made }: Create, tokenId: string): Promise<CreateOutcome> {
  // The token was recorded, but the reply of the store was lost. Without this, a failing read would say that nothing was
  // created.
  if (made?.id === tokenId) return { token: made };
  const token = await orNull(loaders.freshToken(tokenId));
  return token ? { token } : deletedSince;
}

/** Called with the lease: creates the token, or finds the one that an earlier attempt created. */
async function createOrFind(create: Create, record: CreateRecord | undefined, lease: Lease): Promise<Step> {
  const { loaders, body, digest, deadline } = create;
  if (create.made) return finish(create, create.made, lease);
  let before: readonly string[] | null;
  if (record) {
    const found = await loaders.lookUp().findMade(body, record.before);
    if (found === 'cannot-be-known') return { outcome: notKnown };
    if (found === 'search-again') throw inProgress(create, 0);
    if (found) return finish(create, found, lease);
    before = record.before;
  } else before = await loaders.lookUp().idsBefore(body);
  // The POST is sent before the deadline, and may take effect for some time after it.
  const leaseMs = deadline.remainingMs() + settleMs(create);
  if (!(await lease.write({ leaseMs, record: toStoredRecord({ digest, before, owner: lease.owner }) })))
    return READ_AGAIN;
  try {
    create.made = await loaders.createToken(body);
  } catch (error) {
    lease.leave(afterFailure(create, error));
    throw error;
  }
  return finish(create, create.made, lease);
}

/** Another request has the lease, or kept it when it got no response to its POST. */
async function waitForOther(
  create: Create,
  record: CreateRecord | undefined,
  heldForMs: number,
): Promise<Step> {
  const { records, recordKey, digest, loaders, body } = create;
  // The last part of a lease begins when the deadline of its request has passed: the POST may still take effect, but its
  // request has ended.
  const isInTime = heldForMs > settleMs(create);
  if (!record || isInTime || record.owner === undefined) return { heldForMs };
  if (!create.made && performance.now() < create.lookUpAt) return { heldForMs };
  create.lookUpAt = performance.now() + create.lookUpWaitMs;
  create.lookUpWaitMs *= 2;
  const found =
    create.made ?? (await inTime(create, heldForMs, loaders.lookUp().findMade(body, record.before)));
  if (found === 'cannot-be-known') return { outcome: notKnown };
  if (found === undefined || found === 'search-again') return { heldForMs };
  const change = doneChange(digest, found);
  return (await records.change(recordKey, record.owner, change)) ? { outcome: { token: found } } : READ_AGAIN;
}

/** Records the token before it is reported, since another request may have recorded its own meanwhile. */
async function finish({ digest }: Create, token: TokenDto, lease: Lease): Promise<Step> {
  const change = doneChange(digest, token);
  lease.leave(change);
  return (await lease.write(change)) ? { outcome: { token } } : READ_AGAIN;
}

function doneChange(digest: string, { id: tokenId }: TokenDto) {
  return { leaseMs: 0, record: toStoredRecord({ digest, before: null, tokenId }) };
}

/** After an unknown outcome, IAM may still carry out the POST for as long as one may take. */
function settleMs({ requestDeadlineMs }: Create): number {
  return requestDeadlineMs + MARGIN_MS;
}

function afterFailure(create: Create, error: unknown): LeasedChange {
  // The token was certainly not created, so the key becomes free again.
  if (error instanceof UpstreamError && !mayHaveSucceeded(error)) return { leaseMs: 0, record: null };
  // If IAM itself has responded with a named error, or the error is not from the POST, the lease ends: a search finds the
  // outcome.
  const isOver = !(error instanceof UpstreamError) || (error.iamName !== undefined && !isFromProxy(error));
  return { leaseMs: isOver ? 0 : settleMs(create) };
}

/**
 * Without a record, a repetition could create a second token, so nothing is sent. If this request has created the token
 * already, recording it is tried again.
 */
function withoutState({ made }: Create, error: unknown): Step {
  if (!(error instanceof StateUnavailable)) throw error;
  if (made) return { heldForMs: MAX_POLL_MS };
  throw new UpstreamError('not-recorded', error.message, {
    requestSent: false,
    retryAfterSeconds: error.isFull ? FULL_RETRY_SECONDS : 1,
    cause: error,
  });
}

/** Waits for `pollMs`, at most `heldForMs`. Rejects when there is no time left, and the client has to repeat the request. */
async function pause(create: Create, pollMs: number, heldForMs: number): Promise<void> {
  const { deadline, requestDeadlineMs, made } = create;
  const waitMs = Math.min(pollMs, heldForMs);
  if (deadline.remainingMs() - waitMs < requestDeadlineMs * RESPONSE_SHARE)
    throw inProgress(create, heldForMs);
  // If a token was created, continues although the client has left, because the token must be recorded.
  const waited = raceCancel(setTimeout(waitMs), made ? deadline.expired : deadline.cancellation);
  await inTime(create, heldForMs, waited);
}

/** When the deadline passes meanwhile, the error says that another request holds the lease, not that IAM was slow. */
async function inTime<Value>(
  create: Create,
  heldForMs: number,
  work: Value | Promise<Value>,
): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw create.deadline.expired.reason === undefined ? error : inProgress(create, heldForMs);
  }
}

/** The error that says in how many seconds the lease ends. */
function inProgress({ made }: Create, heldForMs: number): UpstreamError {
  return new UpstreamError('in-progress', 'another request holds the lease', {
    requestSent: made !== undefined,
    retryAfterSeconds: Math.max(1, Math.ceil(heldForMs / 1000)),
  });
}

function problem(code: IdempotencyKeyProblem['code'], message: string): CreateOutcome {
  return { problems: [{ path: ['idempotencyKey'], code, message }] };
}
const conflict = problem('CONFLICT', 'This key was used before with a different input. Use a new key.');
const deletedSince = problem(
  'NOT_FOUND',
  'The token that was created with this key has been deleted. Use a new key.',
);
const notKnown = problem(
  'CONFLICT',
  'An earlier request with this key may have created a token, and you have too many tokens, or too many equal ones, for ' +
    'the gateway to find out. Look for it in `tokens`; to create another, use a new key.',
);
