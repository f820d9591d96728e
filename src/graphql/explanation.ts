import type { AttemptReport, CallObserver } from '../upstream/attempt.ts';

/**
 * The upstream calls of one request, for a client that asks for them with `X-Explain: 1`. `traceId` is the W3C trace of the
 * calls, if there is one; a failed call has the trace id of IAM's response. `other` observes them too.
 */
export function createExplanation(traceId: string | undefined, other?: CallObserver) {
  const startedAt = performance.now();
  const calls: ReturnType<typeof explain>[] = [];
  const observer: CallObserver = (call, attempt) => {
    const startMs = performance.now() - startedAt;
    const observed = other?.(call, attempt);
    return {
      ...observed,
      end(report) {
        observed?.end(report);
        calls.push(explain(report, startMs, traceId));
      },
    };
  };
  return {
    observer,
    toExtensions() {
      const ended = calls.map(({ startMs, ms }) => startMs + ms);
      const begun = calls.map(({ startMs }) => startMs);
      const upstream = {
        calls: calls.length,
        pages: calls.filter(({ operation, status }) => operation.startsWith('list') && status === 200).length,
        // From the first call to the last response: calls overlap.
        ms: calls.length > 0 ? round(Math.max(...ended) - Math.min(...begun)) : 0,
        traceIds: [...new Set(calls.map((call) => call.traceId).filter((id) => id !== null))],
        details: [...calls].sort((one, other) => one.startMs - other.startMs),
      };
      return { upstream };
    },
  };
}

/** One attempt, for the client. `startMs` counts from the start of the request. */
function explain(
  { operation, attempt, status, failure, durationMs }: AttemptReport,
  startMs: number,
  traceId: string | null = null,
) {
  return {
    operation,
    attempt: attempt + 1,
    status: status ?? null,
    failure: failure?.kind ?? null,
    startMs: round(startMs),
    ms: round(durationMs),
    traceId: failure?.traceId ?? traceId,
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
