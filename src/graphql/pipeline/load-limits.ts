import { rejection } from '../../errors.ts';
import { RETRY_AFTER_SECONDS } from '../../http/error-response.ts';
import { checkCounts } from './checks.ts';

/** Predicted calls to IAM of operations that run or wait. Each call that waits takes some 2 KB. */
const MAX_CALLS = 30_000;
/** Operations with so few calls are not counted; `MAX_IN_FLIGHT` limits them. */
const FEW_CALLS = 10;
const CALLS_FULL =
  'Too many calls to the IAM API are waiting at the moment. Wait `retryAfter` seconds before the next request.';

/** Returns the function that runs an operation. It rejects with `OVERLOADED` while there are too many predicted calls. */
export function createCallLimit() {
  let calls = 0;
  return async <Value>(upstreamCalls: number, run: () => Promise<Value>): Promise<Value> => {
    if (upstreamCalls <= FEW_CALLS) return run();
    if (calls + upstreamCalls > MAX_CALLS)
      throw rejection('OVERLOADED', CALLS_FULL, { retryAfter: RETRY_AFTER_SECONDS });
    calls += upstreamCalls;
    try {
      return await run();
    } finally {
      calls -= upstreamCalls;
    }
  };
}

const RESULTS_FULL =
  'Too many large responses are being made at the moment. Wait `retryAfter` seconds before the next request.';
/** The limits of one response, and of all that are being made together, as multiples of the largest response of IAM. */
const PAGES_PER_RESPONSE = 4;
const PAGES_AT_ONCE = 16;
/** Characters of a response that is never rejected because of others. A list of a hundred tokens has some 80 000. */
const SMALL_RESULT = 131_072;

/**
 * Limits the characters from IAM in one response, and in all responses that are being made. Each counts `copies` times.
 * The predicted cost cannot limit them, because only IAM knows how long the lists in a token or a policy are.
 */
export function createResultLimits(maxResponseBytes: number) {
  const maxChars = PAGES_PER_RESPONSE * maxResponseBytes;
  let running = 0;
  // Executions of large responses, the oldest first. The oldest one always has room, so that some request succeeds.
  const large = new Set<object>();
  return (copies: number) => {
    let total = 0;
    let isOver = false;
    const execution = {
      /** Throws for a field that exceeds a limit; the next one that fits is counted. */
      countChars(chars: number): void {
        const more = chars * copies;
        const wanted = total + more;
        checkCounts([['resultCharacters', 'characters from the IAM API in the response', wanted, maxChars]]);
        // Fields may still be resolved after their execution has failed.
        if (isOver) return;
        if (wanted > SMALL_RESULT) {
          const [oldest = execution] = large;
          if (running + more > PAGES_AT_ONCE * maxResponseBytes && oldest !== execution)
            throw rejection('OVERLOADED', RESULTS_FULL, { retryAfter: RETRY_AFTER_SECONDS });
          large.add(execution);
        }
        total = wanted;
        running += more;
      },
      /** Call it when the response is made. */
      end(): void {
        isOver = true;
        running -= total;
        large.delete(execution);
      },
    };
    return execution;
  };
}
