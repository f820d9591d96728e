import { rejection } from '../errors.ts';

export type CallLimit = ReturnType<typeof createCallLimit>;

/** Predicted calls to IAM of operations that run or wait. Each call that waits takes some 2 KB. */
const MAX_CALLS = 30_000;
/** Operations with so few calls are not counted; `MAX_IN_FLIGHT` limits them. */
const FEW_CALLS = 10;
const FULL =
  'Too many calls to the IAM API are waiting at the moment. Wait `retryAfter` seconds before the next request.';

/** Returns the function that runs an operation. It rejects with `OVERLOADED` while there are too many predicted calls. */
export function createCallLimit() {
  let calls = 0;
  return async <Value>(upstreamCalls: number, run: () => Promise<Value>): Promise<Value> => {
    if (upstreamCalls <= FEW_CALLS) return run();
    if (calls + upstreamCalls > MAX_CALLS) throw rejection('OVERLOADED', FULL, { retryAfter: 1 });
    calls += upstreamCalls;
    try {
      return await run();
    } finally {
      calls -= upstreamCalls;
    }
  };
}
