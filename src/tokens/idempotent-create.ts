import { setTimeout } from 'node:timers/promises';
import type { Store } from '../state/store.ts';
import type { CreateTokenBody, TokenDto } from '../upstream/models.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { Loaders } from './loaders.ts';
import { findLookalikes, sha256 } from './matching-tokens.ts';

const TTL_MS = 24 * 3600 * 1000;
const POLL_MS = 50;
/** By how much a claim outlives the request that holds it. */
const CLAIM_MARGIN_MS = 1000;
/** Of the deadline, for the answer to who has waited in vain. */
const WAIT_SHARE = 0.95;

export interface CreateRequest {
  readonly principal: string;
  /** The caller's idempotency key. */
  readonly key: string;
  readonly body: CreateTokenBody;
  readonly loaders: Loaders;
}

export interface InputProblem {
  readonly path: readonly string[];
  readonly message: string;
  readonly code?: 'CONFLICT' | 'INVALID' | 'NOT_FOUND';
}

export type CreateOutcome = { readonly token: TokenDto } | { readonly problem: InputProblem };
export type IdempotentCreate = (request: CreateRequest) => Promise<CreateOutcome>;

/**
 * What is remembered of a create: no key material, no name. Without `tokenId` its outcome is not known (a lost answer,
 * a crash); `lookalikes` are the tokens that looked the same before it was sent.
 */
interface CreateRecord {
  readonly digest: string;
  readonly lookalikes: readonly string[];
  readonly tokenId?: string;
}

export function checkIdempotencyKey(key: string | null | undefined): InputProblem[] {
  if (key == null || /^[\x21-\x7e]{1,255}$/.test(key)) return [];
  return [
    {
      path: ['idempotencyKey'],
      message: '1 to 255 visible ASCII characters are needed, for example a random UUID.',
    },
  ];
}

/**
 * The API has no idempotency key and takes two equal creates for two tokens. So the outcome of a create is recorded
 * before and after it is sent, and where it is not known the caller's tokens are looked through for the one it made.
 * Processes that share `store` take turns by a claim that ends by itself, after any request that may hold it is over:
 * until then a POST of a process that was killed may still take effect.
 */
export function createIdempotentCreate(store: Store, requestDeadlineMs = 10_000): IdempotentCreate {
  // Creates under way in this process, to be joined.
  const running = new Map<string, { digest: string; outcome: Promise<CreateOutcome> }>();

  return (request) => {
    const recordKey = `create:{${sha256([request.principal, request.key])}}`;
    const digest = sha256(request.body);
    const other = running.get(recordKey);
    if (other) return other.digest === digest ? other.outcome : Promise.resolve(conflict);
    const create = { store, requestDeadlineMs, recordKey, digest, request };
    const outcome = takeTurn(create).finally(() => running.delete(recordKey));
    running.set(recordKey, { digest, outcome });
    return outcome;
  };
}

const conflict: CreateOutcome = {
  problem: {
    path: ['idempotencyKey'],
    code: 'CONFLICT',
    message: 'This key was used before with another input. Use a new key.',
  },
};
const deletedSince: CreateOutcome = {
  problem: {
    path: ['idempotencyKey'],
    code: 'NOT_FOUND',
    message: 'The token that was made under this key has been deleted since.',
  },
};

interface Create {
  readonly store: Store;
  readonly requestDeadlineMs: number;
  readonly recordKey: string;
  readonly digest: string;
  readonly request: CreateRequest;
}

/** Creates when no other process is at it. Otherwise waits for its outcome, or for the end of its claim. */
async function takeTurn(create: Create): Promise<CreateOutcome> {
  const { store, requestDeadlineMs, recordKey } = create;
  const claimKey = `${recordKey}:claim`;
  const startedAt = performance.now();
  for (;;) {
    const known = await findOutcome(create, await readRecord(create));
    if (known) return known;
    const claimedAt = performance.now();
    if (await orRefuse(store.add(claimKey, '', requestDeadlineMs + CLAIM_MARGIN_MS))) {
      try {
        return await createOrFind(create, claimedAt);
      } finally {
        // Past its time the claim may be another's. It ends by itself when it cannot be given back.
        if (isHeld(create, claimedAt)) await store.delete(claimKey).catch(() => undefined);
      }
    }
    if (performance.now() - startedAt > requestDeadlineMs * WAIT_SHARE)
      throw new UpstreamError('timeout', 'another process is at this create');
    await setTimeout(POLL_MS);
  }
}

function isHeld({ requestDeadlineMs }: Create, claimedAt: number): boolean {
  return performance.now() - claimedAt < requestDeadlineMs;
}

async function readRecord({ store, recordKey }: Create): Promise<CreateRecord | undefined> {
  const text = await orRefuse(store.get(recordKey));
  return text === undefined ? undefined : (JSON.parse(text) as CreateRecord);
}

async function findOutcome(
  { digest, request: { loaders } }: Create,
  record: CreateRecord | undefined,
): Promise<CreateOutcome | undefined> {
  if (record && record.digest !== digest) return conflict;
  if (record?.tokenId === undefined) return undefined;
  const token = await loaders.freshToken(record.tokenId);
  return token ? { token } : deletedSince;
}

/** Call with the claim in hand. */
async function createOrFind(create: Create, claimedAt: number): Promise<CreateOutcome> {
  const { store, recordKey, digest, request } = create;
  const { body, loaders } = request;
  // Again: who had the claim before may have finished between the look and the claim.
  const record = await readRecord(create);
  const known = await findOutcome(create, record);
  if (known) return known;
  const lookalikes = await findLookalikes(body, loaders);
  const made = record && lookalikes.find(({ id }) => !record.lookalikes.includes(id));
  const before = { digest, lookalikes: record?.lookalikes ?? lookalikes.map(({ id }) => id) };
  if (!record) await orRefuse(store.set(recordKey, JSON.stringify(before), TTL_MS));
  // A process that was suspended: another may have taken over.
  if (!made && !isHeld(create, claimedAt))
    throw new UpstreamError('timeout', 'the claim has ended', { requestSent: false });
  const token = made ?? (await createToken(store, recordKey, request));
  // If this cannot be kept, whoever asks again finds the token by looking.
  const done = JSON.stringify({ ...before, tokenId: token.id });
  await store.set(recordKey, done, TTL_MS).catch(() => undefined);
  return { token };
}

/** The record is written before the POST leaves. Without it the promise could not be kept, so then nothing is sent. */
async function orRefuse<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw new UpstreamError('saturated', 'the create could not be recorded', { requestSent: false, cause });
  }
}

async function createToken(
  store: Store,
  recordKey: string,
  { body, loaders }: CreateRequest,
): Promise<TokenDto> {
  try {
    return await loaders.createToken(body);
  } catch (error) {
    // Certainly not made: the key is free again. In every other case the record stays, as "unknown".
    if (error instanceof UpstreamError && isRefused(error))
      await store.delete(recordKey).catch(() => undefined);
    throw error;
  }
}

function isRefused({ kind, status = 0, requestSent }: UpstreamError): boolean {
  return !requestSent || (kind === 'status' && status < 500);
}
