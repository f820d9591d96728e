import { isId } from '../upstream/iam-client.ts';

/**
 * The record of a create: hashes and ids, no key material and no name. `before` has the ids of the matching tokens that
 * existed before it was sent, or is null when they are not known. `tokenId` is present once the outcome is known.
 */
export interface CreateRecord {
  readonly digest: string;
  readonly before: readonly string[] | null;
  readonly tokenId?: string;
  /** Owner of the lease under which the POST was sent. A request that finds the token uses it to complete the record. */
  readonly owner?: string;
}

/**
 * The state of the create under a key: `absent`, nothing was sent; `pending`, another request is sending it; `unknown`,
 * it was sent and its outcome is not known (lost response, dead process); `done`, it has created a token.
 */
export type CreateState =
  | { readonly kind: 'absent' | 'pending' }
  | {
      readonly kind: 'unknown';
      readonly before: readonly string[] | null;
      readonly owner?: string | undefined;
    }
  | { readonly kind: 'done'; readonly tokenId: string };

/** Stands for a record that cannot be read: a POST may have been sent, and any matching token counts as created by it. */
const UNREADABLE: CreateRecord = { digest: '', before: [] };

/** Undefined where there is no record. */
export function readRecord(text: string | undefined): CreateRecord | undefined {
  return text === undefined ? undefined : (parse(text) ?? UNREADABLE);
}

/** Whether the record is about a create with another input. */
export function isOfAnother(record: CreateRecord | undefined, digest: string): boolean {
  return record !== undefined && record !== UNREADABLE && record.digest !== digest;
}

/** `heldBy`: another request has the lease; `isInTime` says whether it may still get the response to its POST. */
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
