import type { CallObserver } from '../upstream/attempt.ts';

/** One attempt of an upstream call, for the client. `startMs` counts from the start of the request. */
interface ExplainedCall {
  readonly operation: string;
  readonly attempt: number;
  readonly status: number | null;
  readonly failure: string | null;
  readonly startMs: number;
  readonly ms: number;
  /** The W3C trace id, or IAM's own if its error response had one. */
  readonly traceId: string | null;
}

/** The upstream calls of one request, for a client that asks for them with `X-Explain: 1`. */
interface Explanation {
  readonly observer: CallObserver;
  /** The value of `extensions.upstream`. */
  toExtension(): object;
}

const LISTS = new Set(['listToken', 'listProjectsOfToken']);

/** `traceId` is the W3C trace of the calls, if there is one; `other` observes them too. */
export function createExplanation(traceId: string | undefined, other?: CallObserver): Explanation {
  const startedAt = performance.now();
  const calls: ExplainedCall[] = [];
  return {
    observer: (call, attempt) => {
      const startMs = performance.now() - startedAt;
      const { operation } = call;
      const observed = other?.(call, attempt);
      return {
        ...observed,
        end(report) {
          observed?.end(report);
          const { status, failure, durationMs } = report;
          calls.push({
            operation,
            attempt: attempt + 1,
            status: status ?? null,
            failure: failure?.kind ?? null,
            startMs: round(startMs),
            ms: round(durationMs),
            traceId: failure?.traceId ?? traceId ?? null,
          });
        },
      };
    },
    toExtension() {
      const ended = calls.map(({ startMs, ms }) => startMs + ms);
      const begun = calls.map(({ startMs }) => startMs);
      return {
        calls: calls.length,
        pages: calls.filter(({ operation, status }) => LISTS.has(operation) && status === 200).length,
        // From the first call to the last response: calls overlap.
        ms: calls.length > 0 ? round(Math.max(...ended) - Math.min(...begun)) : 0,
        traceIds: [...new Set(calls.map((call) => call.traceId).filter((id) => id !== null))],
        details: [...calls].sort((one, other) => one.startMs - other.startMs),
      };
    },
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
