import type { CallerCheck } from '../caller.ts';

/** Whoever reaches the port may do everything, as one principal. Meant for a loopback host. */
export function createOpenCallerCheck(): CallerCheck {
  const everyone = { principal: 'anonymous', mayRead: true, mayWrite: true } as const;
  return () => everyone;
}
