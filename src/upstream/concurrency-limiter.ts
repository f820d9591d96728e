import { type Cancellation, cancelledError } from './cancellation.ts';

/** Bounds how many upstream calls run at once. */
export interface Gate {
  /**
   * What it gives, or resolves to when there is no room yet, is to be called once, when the call is over. Pass it to
   * nobody.
   */
  enter(owner: object, cancellation: Cancellation): (() => void) | Promise<() => void>;
  readonly running: number;
  readonly waiting: number;
}

const LANE = Symbol('lane');

/**
 * The lane hangs on its owner, and not in a map of lanes: of a map that lives long, and whose entries come and go with
 * every request, V8 keeps what was in it until its next major collection.
 */
interface Owner {
  [LANE]?: Lane;
}

interface Lane {
  running: number;
  readonly queue: { admit(): void }[];
}

/**
 * At most `total` calls at once in this process, and `perOwner` for one owner (a GraphQL request).
 * Fair: owners that wait take turns, so a request with fifty calls does not hold up one with a single call.
 */
export function createGate({ total, perOwner }: { total: number; perOwner: number }): Gate {
  // Lanes that have somebody waiting and may start one, in the order of their turns.
  const turns = new Set<Lane>();
  let running = 0;
  let waiting = 0;

  const laneOf = (owner: Owner): Lane => {
    owner[LANE] ??= { running: 0, queue: [] };
    return owner[LANE];
  };
  const refresh = (lane: Lane) => {
    if (lane.queue.length > 0 && lane.running < perOwner) turns.add(lane);
    else turns.delete(lane);
  };
  const leaveOnce = (lane: Lane) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      running--;
      lane.running--;
      refresh(lane);
      admitNext();
    };
  };
  const admitNext = () => {
    while (running < total) {
      const [lane] = turns;
      if (!lane) return;
      turns.delete(lane);
      lane.queue.shift()?.admit();
      refresh(lane);
    }
  };

  return {
    get running() {
      return running;
    },
    get waiting() {
      return waiting;
    },
    enter(owner, cancellation) {
      const lane = laneOf(owner as Owner);
      if (running < total && lane.running < perOwner && lane.queue.length === 0) {
        running++;
        lane.running++;
        return leaveOnce(lane);
      }
      return new Promise((resolve, reject) => {
        if (cancellation.reason) return reject(cancelledError(cancellation, false));
        const waiter = {
          admit() {
            waiting--;
            forget();
            running++;
            lane.running++;
            resolve(leaveOnce(lane));
          },
        };
        const forget = cancellation.onCancel(() => {
          waiting--;
          lane.queue.splice(lane.queue.indexOf(waiter), 1);
          refresh(lane);
          reject(cancelledError(cancellation, false));
        });
        waiting++;
        lane.queue.push(waiter);
        refresh(lane);
      });
    },
  };
}
