import type { Channel } from '../channel.ts';
import { NoReply, replyWithin, watchAvailability } from './availability.ts';
import { createMemoryRecords, type LeasedRecords, StateUnavailable } from './records.ts';
import { createWriteMarks, type SharedWrites } from './shared-writes.ts';
import type { Buckets, SharedBuckets } from './token-bucket.ts';

/** The state that the workers of one machine share, kept by their primary process. */
interface PrimaryState extends LeasedRecords, SharedWrites {
  readonly take: SharedBuckets;
}

type Use = keyof PrimaryState | 'ping';
type Call = readonly [use: Use, ...args: readonly unknown[]];

/** In the primary process: returns what serves a worker. `take` consumes from the rate limit. */
export function createPrimaryState(take: Buckets): (worker: Channel) => void {
  const state: Record<Use, unknown> = {
    ...createMemoryRecords(),
    ...createWriteMarks(),
    take,
    ping: () => undefined,
  };
  return (worker) =>
    worker.handle<Call>('state', ([use, ...args]) =>
      (state[use] as (...args: unknown[]) => unknown)(...args),
    );
}

/** As the log names the cause of the loss. */
export const NO_REPLY = 'no reply';

/**
 * In a worker: the state of its primary process. A primary that does not reply in time counts as unavailable: all requests
 * are rejected at once, until it replies again. `onChange` is called once for each change.
 */
export function connectPrimaryState(
  primary: Channel,
  replyTimeoutMs: number,
  onChange: (change: 'lost' | 'back') => void,
): PrimaryState & { close(): void } {
  const request = <Value>(...call: Call): Promise<Value> =>
    replyWithin(replyTimeoutMs, primary.request<Value>('state', call));
  const availability = watchAvailability({
    probe: () => request('ping'),
    causeOf: () => NO_REPLY,
    probeMs: 0,
    onChange,
  });
  // The primary has just started this process. If it has ended since, the first request fails.
  void availability.check();

  const ask = async <Value>(...call: Call): Promise<Value> => {
    if (!availability.isUp()) throw new StateUnavailable('away', 'the primary process is away');
    try {
      return await request<Value>(...call);
    } catch (error) {
      if (!(error instanceof NoReply)) throw new StateUnavailable('full', 'the primary process has no room');
      availability.lose(NO_REPLY);
      throw new StateUnavailable('away', 'the primary process did not reply');
    }
  };
  return {
    acquire: (...args) => ask('acquire', ...args),
    change: (...args) => ask('change', ...args),
    report: (...args) => ask('report', ...args),
    sinceLast: (...args) => ask('sinceLast', ...args),
    take: (...args) => ask('take', ...args),
    close: availability.close,
  };
}
