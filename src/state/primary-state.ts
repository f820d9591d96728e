import type { FastifyBaseLogger } from 'fastify';
import type { Channel } from '../channel.ts';
import { NoReply, replyWithin, trackAvailability } from './availability.ts';
import type { State } from './open.ts';
import { createMemoryRecords, type LeasedRecords, StateUnavailable } from './records.ts';
import { createWriteMarks, type SharedWrites } from './shared-writes.ts';
import type { Buckets } from './token-bucket.ts';

type Use = keyof LeasedRecords | keyof SharedWrites | 'take' | 'ping';
type Call = readonly [use: Use, ...args: readonly unknown[]];

/**
 * In the primary process: the state that its workers share. Returns the function that serves a worker. `take` consumes
 * from the rate limit.
 */
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

const NO_REPLY = 'no reply';
const LOST = 'The primary process is lost: each worker limits by itself, and creates with a key are rejected';

/**
 * In a worker: the state of its primary process. After a request without a reply in time, all requests are rejected at
 * once until the primary process replies again.
 */
export function openPrimaryState(primary: Channel, replyTimeoutMs: number, log: FastifyBaseLogger): State {
  const fallbacks = { rate_limits: 0 };
  const request = <Value>(...call: Call): Promise<Value> =>
    replyWithin(replyTimeoutMs, primary.request<Value>('state', call));
  const availability = trackAvailability({
    probe: () => request('ping'),
    causeOf: () => NO_REPLY,
    probeMs: 0,
    onChange: (change) =>
      change === 'lost' ? log.warn({ cause: NO_REPLY }, LOST) : log.info('The primary process is back'),
  });
  // The primary has just started this process. If it has ended since, the first request fails.
  void availability.check();

  const run = async <Value>(...call: Call): Promise<Value> => {
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
    records: {
      acquire: (...args) => run('acquire', ...args),
      change: (...args) => run('change', ...args),
    },
    writes: {
      report: (...args) => run('report', ...args),
      sinceLast: (...args) => run('sinceLast', ...args),
    },
    rateLimit: { take: (...args) => run('take', ...args), onFallback: () => fallbacks.rate_limits++ },
    fallbacks,
    close: availability.close,
  };
}
