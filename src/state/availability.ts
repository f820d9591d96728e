interface AvailabilityOptions {
  /** Rejects while the other process cannot be used. */
  readonly probe: () => Promise<unknown>;
  /** Called for each change, but not after `close`. */
  readonly onChange: (change: 'lost' | 'back') => void;
  /** A code or a few words, without secrets. */
  readonly causeOf: (error: unknown) => string;
}

const PROBE_MS = 1000;
const PROBE_LOST_MS = 250;

/**
 * Whether another process that keeps state can be used at the moment. After one failure no request uses it, so that
 * requests do not each wait for a timeout. Probes detect its return, and its loss while no request uses it. It counts as
 * lost until the first probe; a successful first probe is not reported as a change.
 */
export function trackAvailability(options: AvailabilityOptions) {
  const { probe, onChange, causeOf } = options;
  let state: 'lost' | 'back' | undefined;
  let lastCause = '';
  let upSince = Number.NEGATIVE_INFINITY;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  const report = (change: 'lost' | 'back') => {
    const before = state;
    state = change;
    if (before === change) return;
    if (before === 'lost') upSince = performance.now();
    if (!isClosed && (before !== undefined || change === 'lost')) onChange(change);
  };
  const checkLater = (ms: number) => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(check, ms).unref();
  };
  /** Call it when a command has failed: the other process is not used until a probe succeeds. */
  const lose = (cause: string) => {
    lastCause = cause;
    report('lost');
    checkLater(PROBE_LOST_MS);
  };
  const check = async () => {
    try {
      await probe();
      report('back');
      checkLater(PROBE_MS);
    } catch (error) {
      lose(causeOf(error));
    }
  };
  return {
    isUp: () => state === 'back',
    /** The cause of the last failure; `''` before the first. */
    cause: () => lastCause,
    /** `performance.now()` of its last return; state from before may be lost. */
    upSince: () => upSince,
    lose,
    check,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

export class NoReply extends Error {
  override readonly name = 'NoReply';
}

/** `reply`, or a rejection with `NoReply` after `ms`. */
export function replyWithin<Value>(ms: number, reply: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    // When this process itself was suspended, a reply may have arrived already: it is read before the timeout counts.
    const timer = setTimeout(() => setImmediate(() => reject(new NoReply(`no reply within ${ms} ms`))), ms);
    reply.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
