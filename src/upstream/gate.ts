import { type Stop, stopped } from './stop.ts';

/** Bounds how many upstream calls run at once. */
export interface Gate {
  /**
   * What it gives, or resolves to when there is no room yet, is to be called once, when the call is over. Pass it to
   * nobody.
   */
  enter(owner: object, stop: Stop): (() => void) | Promise<() => void>;
  readonly running: number;
  readonly waiting: number;
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
  const lanes = new Map<object, Lane>();
  // Lanes that have somebody waiting and may start one, in the order of their turns.
  const turns = new Set<object>();
  let running = 0;
  let waiting = 0;

  const laneOf = (owner: object): Lane => {
    const known = lanes.get(owner);
    if (known) return known;
    const lane: Lane = { running: 0, queue: [] };
    lanes.set(owner, lane);
    return lane;
  };
  const refresh = (owner: object, lane: Lane) => {
    if (lane.queue.length > 0 && lane.running < perOwner) turns.add(owner);
    else turns.delete(owner);
    if (lane.running === 0 && lane.queue.length === 0) lanes.delete(owner);
  };
  const leaveOnce = (owner: object, lane: Lane) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      running--;
      lane.running--;
      refresh(owner, lane);
      admitNext();
    };
  };
  const admitNext = () => {
    while (running < total) {
      const [owner] = turns;
      if (!owner) return;
      turns.delete(owner);
      const lane = laneOf(owner);
      lane.queue.shift()?.admit();
      refresh(owner, lane);
    }
  };

  return {
    get running() {
      return running;
    },
    get waiting() {
      return waiting;
    },
    enter(owner, stop) {
      const lane = laneOf(owner);
      if (running < total && lane.running < perOwner && lane.queue.length === 0) {
        running++;
        lane.running++;
        return leaveOnce(owner, lane);
      }
      return new Promise((resolve, reject) => {
        const waiter = {
          admit() {
            waiting--;
            forget();
            running++;
            lane.running++;
            resolve(leaveOnce(owner, lane));
          },
        };
        const forget = stop.onStop(() => {
          waiting--;
          lane.queue.splice(lane.queue.indexOf(waiter), 1);
          refresh(owner, lane);
          reject(stopped(stop, false));
        });
        waiting++;
        lane.queue.push(waiter);
        refresh(owner, lane);
      });
    },
  };
}
