import { hash } from 'node:crypto';
import type { Loaders } from './loaders.ts';
import type { Store } from './state/store.ts';
import { UpstreamError } from './upstream/error.ts';
import type { AuthenticationMethodDto, CreateTokenBody, JsonWebKeyDto, TokenDto } from './upstream/types.ts';

const TTL_MS = 24 * 3600 * 1000;
/** A caller with more tokens than this cannot be helped by looking through them. */
const MAX_PAGES = 100;

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
 */
export function createIdempotentCreate(store: Store): IdempotentCreate {
  // Creates under way in this process, to be joined.
  const running = new Map<string, { digest: string; outcome: Promise<CreateOutcome> }>();

  return (request) => {
    const recordKey = `create:${sha256([request.principal, request.key])}`;
    const digest = sha256(request.body);
    const other = running.get(recordKey);
    if (other) return other.digest === digest ? other.outcome : Promise.resolve(conflict);
    const outcome = createOrFind(store, recordKey, digest, request).finally(() => running.delete(recordKey));
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

async function createOrFind(
  store: Store,
  recordKey: string,
  digest: string,
  request: CreateRequest,
): Promise<CreateOutcome> {
  const { body, loaders } = request;
  const text = await store.get(recordKey);
  const record = text === undefined ? undefined : (JSON.parse(text) as CreateRecord);
  if (record && record.digest !== digest) return conflict;
  if (record?.tokenId !== undefined) {
    const token = await loaders.freshToken(record.tokenId);
    return token ? { token } : deletedSince;
  }
  const lookalikes = await findLookalikes(body, loaders);
  const made = record && lookalikes.find(({ id }) => !record.lookalikes.includes(id));
  const before = { digest, lookalikes: record?.lookalikes ?? lookalikes.map(({ id }) => id) };
  if (!record) await promise(store, recordKey, before);
  const token = made ?? (await createToken(store, recordKey, request));
  await store.set(recordKey, JSON.stringify({ ...before, tokenId: token.id }), TTL_MS);
  return { token };
}

/** The record is written before the POST leaves. Without it the promise could not be kept, so then nothing is sent. */
async function promise(store: Store, recordKey: string, record: CreateRecord): Promise<void> {
  try {
    await store.set(recordKey, JSON.stringify(record), TTL_MS);
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
    if (error instanceof UpstreamError && isRefused(error)) await store.delete(recordKey);
    throw error;
  }
}

function isRefused({ kind, status = 0, requestSent }: UpstreamError): boolean {
  return !requestSent || (kind === 'status' && status < 500);
}

/** The caller's tokens with the same name and the same keys (RFC 7638 thumbprints) or the same location of keys. */
async function findLookalikes(
  { name, authenticationMethod }: CreateTokenBody,
  loaders: Loaders,
): Promise<TokenDto[]> {
  const wanted = identityOf(authenticationMethod);
  const found: TokenDto[] = [];
  let startKey: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { items, next } = await loaders.tokenPage({ limit: 100, startKey });
    for (const item of items) {
      if (!('broken' in item) && item.name === name && identityOf(item.authenticationMethod) === wanted)
        found.push(item);
    }
    if (next === undefined || next === startKey) break;
    startKey = next;
  }
  return found;
}

function identityOf({ publicKeyInfo }: AuthenticationMethodDto): string {
  return 'jwks' in publicKeyInfo
    ? publicKeyInfo.jwks.keys.map(thumbprint).sort().join(' ')
    : publicKeyInfo.jwksUri;
}

/** RFC 7638: the required members only, in lexicographic order. */
function thumbprint({ crv, e, kty, n, x, y }: JsonWebKeyDto): string {
  return sha256(kty === 'EC' ? { crv, kty, x, y } : { e, kty, n });
}

function sha256(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64url');
}
