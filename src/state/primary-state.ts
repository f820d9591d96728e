import type { FastifyBaseLogger } from 'fastify';
import type { Channel } from '../channel.ts';
import { createWarnLimit } from '../telemetry/failures.ts';
import type { State } from './open.ts';
import { createMemoryRecords, type LeasedRecords, StateUnavailable } from './records.ts';
import { NoReply, replyWithin } from './reply-within.ts';
import { createWriteMarks, type SharedWrites } from './shared-writes.ts';
import { createTokenBuckets, type RateLimitOptions } from './token-bucket.ts';

/** `take` consumes from the rate limit. */
type Use = keyof LeasedRecords | keyof SharedWrites | 'take';
type StateCall = readonly [use: Use, ...args: readonly unknown[]];

/** In the primary process: the state that its workers share. Returns the function that serves a worker. */
export function createPrimaryState(limits: RateLimitOptions): (worker: Channel) => void {
  const take = createTokenBuckets(limits);
  const state: Record<Use, unknown> = { ...createMemoryRecords(), ...createWriteMarks(), take };
  return (worker) =>
    worker.handle<StateCall>('state', ([use, ...args]) =>
      (state[use] as (...args: unknown[]) => unknown)(...args),
    );
}

const SILENT =
  'the primary process does not reply: each worker limits by itself, and creates with a key are rejected';

/**
 * In a worker: the state of its primary process. When a reply is late, for example because the primary process is
 * suspended, further requests are rejected at once until it arrives: a create makes several requests and must end by its
 * deadline.
 */
export function openPrimaryState(primary: Channel, replyTimeoutMs: number, log: FastifyBaseLogger): State {
  const mayWarn = createWarnLimit();
  let isLate = false;
  const run = async <Value>(...call: StateCall): Promise<Value> => {
    if (isLate) throw new StateUnavailable('the primary process has not replied yet');
    const reply = primary.request<Value>('state', call);
    try {
      return await replyWithin(replyTimeoutMs, reply);
    } catch (error) {
      if (!(error instanceof NoReply))
        throw new StateUnavailable('the primary process has no room', { isFull: true });
      const end = () => {
        isLate = false;
      };
      if (!isLate && mayWarn('')) log.warn(SILENT);
      isLate = true;
      reply.then(end, end);
      throw new StateUnavailable('the primary process did not reply');
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
    takeFromRateLimit: (...args) => run('take', ...args),
    close: () => {},
  };
}
