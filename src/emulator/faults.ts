import { EmulatorError } from './errors.ts';
import { connectionFaults } from './faults/connection.ts';
import type { Exchange, Fault } from './faults/fault.ts';
import { flakyFaults } from './faults/flaky.ts';
import { largeFaults } from './faults/large.ts';
import { pagingFaults } from './faults/paging.ts';
import { redirectFaults } from './faults/redirect.ts';
import { shapeFaults } from './faults/shape.ts';
import { slowFaults } from './faults/slow.ts';
import { statusFaults } from './faults/status.ts';

const table = {
  ...statusFaults,
  ...shapeFaults,
  ...connectionFaults,
  ...slowFaults,
  ...largeFaults,
  ...redirectFaults,
  ...flakyFaults,
  ...pagingFaults,
};

/** Carried out first, answered wrongly then: the write whose answer is lost. */
const AFTER = 'after-';

const patterns = Object.entries(table)
  .filter(([name]) => /N$|SECONDS$/.test(name))
  .map(([name, fault]) => ({ pattern: patternOf(name), fault }));

/** Every name, with `N`, `NNN` and `SECONDS` for digits and `FAULT` for any other name. */
export const faultNames: readonly string[] = [...Object.keys(table), `${AFTER}FAULT`, `${AFTER}NNN`];

/** Undefined if there is no fault of that name. */
export function findFault(name: string): ((exchange: Exchange, hit: number) => Promise<void>) | undefined {
  if (name.startsWith(AFTER)) return findLateFault(name.slice(AFTER.length));
  if (Object.hasOwn(table, name)) return bind(table[name as keyof typeof table], '');
  for (const { pattern, fault } of patterns) {
    const argument = pattern.exec(name)?.[1];
    if (argument !== undefined) return bind(fault, argument);
  }
  return undefined;
}

export function unknownFault(name: string): EmulatorError {
  return new EmulatorError(
    `Expected the name of a fault, got "${name}". There are: ${faultNames.join(', ')}.`,
  );
}

function findLateFault(name: string): ReturnType<typeof findFault> {
  const fault = findFault(/^\d{3}$/.test(name) && name !== '204' ? `status-${name}` : name);
  return (
    fault &&
    (async (exchange, hit) => {
      await exchange.answer();
      await fault(exchange, hit);
    })
  );
}

function bind(fault: Fault | undefined, argument: string): ReturnType<typeof findFault> {
  return fault && (async (exchange, hit) => fault(exchange, argument, hit));
}

function patternOf(name: string): RegExp {
  const digits = name.replace('NNN', '([2-5]\\d\\d)').replace(/SECONDS$|N$/, '(\\d+)');
  return new RegExp(`^${digits}$`);
}
