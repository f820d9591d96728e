import { findFault, unknownFault } from './faults.ts';
import { EmulatorError } from './reply.ts';
import type { Operation } from './routes.ts';

export interface PlannedFault {
  readonly fault: string;
  /** How many requests the fault applies to; without it, all until `clear()`. */
  readonly times?: number;
  /** The next three limit the fault. One that is left out matches every request. */
  readonly operation?: Operation | undefined;
  readonly tokenId?: string | undefined;
  readonly principal?: string | undefined;
}

type Target = Omit<PlannedFault, 'fault' | 'times'>;

/** Planned faults, in the order in which they were added. The first that matches a request applies. */
export type FaultPlan = ReturnType<typeof createFaultPlan>;

export function createFaultPlan() {
  const entries: { readonly planned: PlannedFault; left: number }[] = [];
  const hits = new Map<string, number>();
  const waiting = new Set<() => void>();
  return {
    /** Throws an EmulatorError for a name that does not exist. */
    add(planned: PlannedFault): void {
      if (!findFault(planned.fault)) throw new EmulatorError(unknownFault(planned.fault));
      entries.push({ planned, left: planned.times ?? Number.POSITIVE_INFINITY });
    },
    /** Clears the plan and the counts of the `flaky` faults, and ends the waits of `latency-N` and `reset-late-N`. */
    clear(): void {
      entries.length = 0;
      hits.clear();
      for (const end of waiting) end();
    },
    /** The name of the planned fault for this request. Uses up one of its `times`. */
    take(request: Target): string | undefined {
      const at = entries.findIndex(({ planned }) => matches(planned, request));
      const entry = entries[at];
      if (entry && --entry.left === 0) entries.splice(at, 1);
      return entry?.planned.fault;
    },
    /** Counts from 1 the requests with the same key. */
    countHit(key: string): number {
      const hit = (hits.get(key) ?? 0) + 1;
      hits.set(key, hit);
      return hit;
    },
    /** Resolves after `ms`, or when the plan is cleared. Does not keep the process alive. */
    wait: (ms: number) =>
      new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(timer);
          waiting.delete(end);
          resolve();
        };
        const timer = setTimeout(end, ms).unref();
        waiting.add(end);
      }),
  };
}

function matches(planned: Target, request: Target): boolean {
  return (['operation', 'tokenId', 'principal'] as const).every(
    (name) => planned[name] === undefined || planned[name] === request[name],
  );
}
