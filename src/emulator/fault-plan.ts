import { findFault, unknownFault } from './faults.ts';
import type { Operation } from './routes.ts';

/** What should go wrong. What is left out matches everything. */
export interface PlannedFault {
  readonly fault: string;
  readonly operation?: Operation;
  readonly tokenId?: string;
  readonly principal?: string;
  /** How often; without it, until `clear()`. */
  readonly times?: number;
}

/** Faults that were ordered beforehand. The first that matches is taken. */
export interface FaultPlan {
  /** Throws for a name that does not exist. */
  add(planned: PlannedFault): void;
  /** Forgets the plan, and what the `flaky` faults have counted. */
  clear(): void;
}

/** What a request may match. */
export interface Occasion {
  readonly operation: Operation;
  readonly tokenId: string | undefined;
  readonly principal: string | undefined;
}

export interface FaultBook extends FaultPlan {
  /** The name of the planned fault for this request; one use less of it is left. */
  take(occasion: Occasion): string | undefined;
  /** Counts from 1 what is asked for under the same key. */
  countHit(key: string): number;
}

export function createFaultBook(): FaultBook {
  const entries: { readonly planned: PlannedFault; left: number }[] = [];
  const hits = new Map<string, number>();
  return {
    add(planned) {
      if (findFault(planned.fault) === undefined) throw unknownFault(planned.fault);
      entries.push({ planned, left: planned.times ?? Number.POSITIVE_INFINITY });
    },
    clear() {
      entries.length = 0;
      hits.clear();
    },
    take(occasion) {
      const entry = entries.find(({ planned, left }) => left > 0 && matches(planned, occasion));
      if (entry === undefined) return undefined;
      entry.left -= 1;
      return entry.planned.fault;
    },
    countHit(key) {
      const hit = (hits.get(key) ?? 0) + 1;
      hits.set(key, hit);
      return hit;
    },
  };
}

function matches(planned: PlannedFault, occasion: Occasion): boolean {
  return (['operation', 'tokenId', 'principal'] as const).every(
    (name) => planned[name] === undefined || planned[name] === occasion[name],
  );
}
