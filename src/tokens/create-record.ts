import { isId } from '../upstream/iam-client.ts';

/**
 * What is kept of a create: hashes and ids, no key material and no name. `before` are the ids of the tokens that looked
 * the same before it was sent, or null when that could not be found out. `tokenId` is there once its outcome is known.
 */
export interface CreateRecord {
  readonly digest: string;
  readonly before: readonly string[] | null;
  readonly tokenId?: string;
  /** Of the lease under which the POST was sent. A request that finds the token completes the record as this owner. */
  readonly owner?: string;
}

/**
 * How far the create under a key has come:
 * `absent` nothing was sent; `pending` another request is at it; `unknown` it was sent and its outcome is not known (a lost
 * answer, a process that died); `done` it made a token.
 */
export type CreateState =
  | { readonly kind: 'absent' | 'pending' }
  | {
      readonly kind: 'unknown';
      readonly before: readonly string[] | null;
      readonly owner?: string | undefined;
    }
  | { readonly kind: 'done'; readonly tokenId: string };

/** A record that cannot be read says only that something may have been sent: then any matching token is its own. */
const UNREADABLE: CreateRecord = { digest: '', before: [] };

/** Undefined where there is no record. */
export function readRecord(text: string | undefined): CreateRecord | undefined {
  return text === undefined ? undefined : (parse(text) ?? UNREADABLE);
}

/** Whether the record is about a create with another input. */
export function isOfAnother(record: CreateRecord | undefined, digest: string): boolean {
  return record !== undefined && record !== UNREADABLE && record.digest !== digest;
}

/** `heldBy`: of another request that has the lease, whether it may still get the answer to its POST. */
export function toState(
  record: CreateRecord | undefined,
  heldBy?: { readonly isInTime: boolean },
): CreateState {
  if (!record) return { kind: heldBy ? 'pending' : 'absent' };
  const { tokenId, before, owner } = record;
  if (tokenId !== undefined) return { kind: 'done', tokenId };
  return heldBy?.isInTime ? { kind: 'pending' } : { kind: 'unknown', before, owner };
}

function parse(text: string): CreateRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is CreateRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { digest, before, tokenId, owner } = value as Partial<Record<keyof CreateRecord, unknown>>;
  return (
    typeof digest === 'string' &&
    (before === null || (Array.isArray(before) && before.every((id) => typeof id === 'string'))) &&
    (tokenId === undefined || (typeof tokenId === 'string' && isId(tokenId))) &&
    (owner === undefined || typeof owner === 'string')
  );
}
