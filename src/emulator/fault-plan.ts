import { EmulatorError } from './errors.ts';
import type { Exchange } from './fault-responses.ts';
import { type Fault, faults } from './faults.ts';
import type { Operation } from './routes.ts';

/** The prefix of a fault before which the operation is carried out: a write whose response is lost. */
const AFTER = 'after-';

const patterns = Object.entries(faults)
  .filter(([name]) => /N$|SECONDS$/.test(name))
  .map(([name, fault]) => {
    const digits = name.replace('NNN', '([2-5]\\d\\d)').replace(/SECONDS$|N$/, '(\\d+)');
    return { pattern: new RegExp(`^${digits}$`), fault };
  });

/** Every name, with `N`, `NNN` and `SECONDS` for digits and `FAULT` for any other name. */
export const faultNames: readonly string[] = [...Object.keys(faults), `${AFTER}FAULT`, `${AFTER}NNN`];

/** Responds to a request. `hit` counts the requests for the same thing, from 1. */
type RunFault = (exchange: Exchange, hit: number) => Promise<void>;

/** Undefined if there is no fault of that name. */
export function findFault(name: string): RunFault | undefined {
  if (name.startsWith(AFTER)) return findLateFault(name.slice(AFTER.length));
  if (Object.hasOwn(faults, name)) return bind(faults[name] as Fault);
  for (const { pattern, fault } of patterns) {
    const argument = pattern.exec(name)?.[1];
    if (argument !== undefined) return bind(fault, argument);
  }
  return undefined;
}

function findLateFault(name: string): RunFault | undefined {
  const fault = findFault(/^\d{3}$/.test(name) && name !== '204' ? `status-${name}` : name);
  if (fault === undefined) return undefined;
  return async (exchange, hit) => {
    await exchange.answer();
    await fault(exchange, hit);
  };
}

function bind(fault: Fault, argument = ''): RunFault {
  return async (exchange, hit) => fault(exchange, argument, hit);
}

export function unknownFault(name: string): EmulatorError {
  return new EmulatorError(
    `Expected the name of a fault, got "${name}". There are: ${faultNames.join(', ')}.`,
  );
}

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
interface Occasion {
  readonly operation: Operation;
  readonly tokenId: string | undefined;
  readonly principal: string | undefined;
}

export interface FaultBook extends FaultPlan {
  /** The name of the planned fault for this request; one use less of it is left. */
  take(occasion: Occasion): string | undefined;
  /** Counts from 1 the requests with the same key. */
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
