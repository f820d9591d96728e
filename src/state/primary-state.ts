import { replyWithin, watchAvailability } from './availability.ts';
import { createMemoryRecords, type LeasedRecords, StateUnavailable } from './records.ts';
import { createWriteMarks, type SharedWrites } from './shared-writes.ts';
import type { Allowance, SharedBuckets } from './token-bucket.ts';

/** The channel between a worker and its primary process. Other messages come through it as well. */
export interface Channel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** The state that the workers of one machine share, kept by their primary process. */
interface PrimaryState extends LeasedRecords, SharedWrites {
  readonly take: SharedBuckets;
}

const MARK = 'tokens-gateway:state';

interface Request {
  readonly mark: typeof MARK;
  readonly id: number;
  readonly use: keyof PrimaryState | 'ping';
  readonly args: readonly unknown[];
}

/** `ok` is false when there was no room. */
type Reply = Pick<Request, 'mark' | 'id'> &
  ({ readonly ok: true; readonly value: unknown } | { readonly ok: false });

/** In the primary process: serves its workers. `take` consumes from the rate limit. */
export function createPrimaryState(take: (caller: string, amount: number) => Allowance) {
  const state = {
    ...createMemoryRecords(),
    ...createWriteMarks(),
    take: async (caller: string, amount: number) => take(caller, amount),
    ping: async () => undefined,
  };
  return {
    /** Replies to one worker. */
    serve({ send, onMessage }: Channel): void {
      onMessage((message) => {
        if (!isOurs<Request>(message)) return;
        const { mark, id, use, args } = message;
        // Workers run the same code, so their messages have these types.
        const run = state[use] as (...args: readonly unknown[]) => Promise<unknown>;
        run(...args).then(
          (value) => send({ mark, id, ok: true, value } satisfies Reply),
          () => send({ mark, id, ok: false } satisfies Reply),
        );
      });
    },
  };
}

interface ConnectOptions {
  readonly replyTimeoutMs: number;
  /** Called once for each change. */
  readonly onChange: (change: 'lost' | 'back', cause: string) => void;
}

/**
 * In a worker: the state of its primary process. A primary that does not reply in time counts as unavailable: all requests
 * are rejected at once, until it replies again.
 */
export function connectPrimaryState(
  { send, onMessage }: Channel,
  { replyTimeoutMs, onChange }: ConnectOptions,
): PrimaryState & { isUp(): boolean; close(): void } {
  const waiting = new Map<number, (reply: Reply) => void>();
  let lastId = 0;
  onMessage((message) => {
    if (isOurs<Reply>(message)) waiting.get(message.id)?.(message);
  });
  const request = async (use: Request['use'], ...args: unknown[]): Promise<Reply> => {
    const id = ++lastId;
    const reply = new Promise<Reply>((resolve) => waiting.set(id, resolve));
    try {
      send({ mark: MARK, id, use, args } satisfies Request);
      return await replyWithin(replyTimeoutMs, reply);
    } finally {
      waiting.delete(id);
    }
  };
  const availability = watchAvailability({
    probe: () => request('ping'),
    causeOf: () => 'no reply',
    probeMs: 0,
    onChange,
  });
  // The primary has just started this process. If it has ended since, the first request fails.
  void availability.check();

  const ask = async <Value>(use: keyof PrimaryState, ...args: unknown[]): Promise<Value> => {
    if (!availability.isUp()) throw new StateUnavailable('away', 'the primary process is away');
    const reply = await request(use, ...args).catch(() => {
      availability.lose('no reply');
      throw new StateUnavailable('away', 'the primary process did not reply');
    });
    if (!reply.ok) throw new StateUnavailable('full', 'the primary process has no room');
    return reply.value as Value;
  };
  return {
    acquire: (...args) => ask('acquire', ...args),
    change: (...args) => ask('change', ...args),
    report: (...args) => ask('report', ...args),
    sinceLast: (...args) => ask('sinceLast', ...args),
    take: (...args) => ask('take', ...args),
    isUp: availability.isUp,
    close: availability.close,
  };
}

function isOurs<Message extends Request | Reply>(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'mark' in message && message.mark === MARK;
}
