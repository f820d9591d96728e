import type { Seed } from '../../src/emulator/seed.ts';

export const TOKENS_EACH = 2;

/** Principals `caller-0`, `caller-1`, … whose tokens and projects bear their owner's name. */
export function crowdOf(count: number): Seed {
  const callers = Array.from({ length: count }, (_, index) => `caller-${index}`);
  return {
    principals: Object.fromEntries(
      callers.map((caller) => [
        caller,
        {
          tokens: Array.from({ length: TOKENS_EACH }, (_, position) => ({
            id: `${caller}.token-${position}`,
            name: `${caller} token ${position}`,
            projects: [{ id: `${caller}.project`, name: `${caller} project` }],
          })),
        },
      ]),
    ),
  };
}

/** Whose data are in an answer: each caller that it names, once. */
export function callersIn(text: string): string[] {
  return [...new Set(text.match(/caller-\d+/g))];
}
