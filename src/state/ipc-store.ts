import { createMemoryStore } from './memory-store.ts';
import type { SharedBucket } from './redis-token-bucket.ts';
import { createWriteMarks, type SharedWrites } from './shared-writes.ts';
import { type Store, StoreFull } from './store.ts';

/** The channel between a worker and its primary process. Messages of others come through it as well. */
export interface Channel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** What the workers of one machine have in common, kept by their primary process. */
interface PrimaryState extends Store, SharedWrites {
  readonly take: SharedBucket;
}

const MARK = 'tokens-gateway:state';

interface Question {
  readonly mark: typeof MARK;
  readonly id: number;
  readonly use: keyof PrimaryState;
  readonly args: readonly (string | number)[];
}

/** Without `ok` there was no room. */
type Reply = Pick<Question, 'mark' | 'id'> &
  ({ readonly ok: true; readonly value: unknown } | { readonly ok: false });

/** In the primary: what the workers ask. `take` is the rate limit's. */
export function createPrimaryState(
  take: (caller: string, amount: number) => Awaited<ReturnType<SharedBucket>>,
) {
  const state: PrimaryState = {
    ...createMemoryStore(),
    ...createWriteMarks(),
    take: async (caller, amount) => take(caller, amount),
  };
  return {
    /** Answers one worker. */
    serve({ send, onMessage }: Channel): void {
      onMessage((message) => {
        if (!isOurs<Question>(message)) return;
        const { mark, id, use, args } = message;
        // The worker runs this very code: it sends what its types say.
        const run = state[use] as (...args: readonly (string | number)[]) => Promise<unknown>;
        run(...args).then(
          (value) => send({ mark, id, ok: true, value } satisfies Reply),
          () => send({ mark, id, ok: false } satisfies Reply),
        );
      });
    },
  };
}

/** In a worker: the state of its primary process, which lives longer than any worker. */
export function connectPrimaryState({ send, onMessage }: Channel): PrimaryState {
  const waiting = new Map<number, (reply: Reply) => void>();
  let last = 0;
  onMessage((message) => {
    if (!isOurs<Reply>(message)) return;
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const ask = <Value>(use: keyof PrimaryState, ...args: (string | number)[]): Promise<Value> =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, (reply) => {
        if (reply.ok) resolve(reply.value as Value);
        else reject(new StoreFull('the primary process has no room'));
      });
      send({ mark: MARK, id, use, args } satisfies Question);
    });
  return {
    get: (key) => ask('get', key),
    add: (key, value, ttlMs) => ask('add', key, value, ttlMs),
    set: (key, value, ttlMs) => ask('set', key, value, ttlMs),
    delete: (key) => ask('delete', key),
    report: (identity) => ask('report', identity),
    sinceLast: (identity) => ask('sinceLast', identity),
    take: (caller, amount) => ask('take', caller, amount),
  };
}

function isOurs<Message extends Question | Reply>(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'mark' in message && message.mark === MARK;
}
