import type { ApolloServerPlugin } from '@apollo/server';
import type { CallWatch, Context } from '../context.ts';

/** One attempt of a call, as its caller is told of it. Times in milliseconds; `startMs` counts from the start of the request. */
interface ExplainedCall {
  readonly operation: string;
  readonly attempt: number;
  readonly status: number | null;
  readonly failure: string | null;
  readonly startMs: number;
  readonly ms: number;
  /** W3C trace id, or IAM's own where it told one with an error. */
  readonly traceId: string | null;
}

/** What one request asked of the IAM API. */
export interface Explanation {
  readonly watch: CallWatch;
  toExtension(): object;
}

const LISTS = new Set(['listToken', 'listProjectsOfToken']);

/** `traceId` is the W3C trace that the calls are part of, if there is one; `other` watches them as well. */
export function createExplanation(traceId: string | undefined, other?: CallWatch): Explanation {
  const startedAt = performance.now();
  const calls: ExplainedCall[] = [];
  return {
    watch: (call, attempt) => {
      const startMs = performance.now() - startedAt;
      const { operation } = call;
      const watched = other?.(call, attempt);
      return {
        ...watched,
        end(report) {
          watched?.end(report);
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
        // From the first call to the last answer: calls overlap.
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

/** Adds `extensions.upstream` to the answer of a request that asks for it. */
export function explain(): ApolloServerPlugin<Context> {
  return {
    async requestDidStart({ contextValue: { explanation } }) {
      if (!explanation) return undefined;
      return {
        async willSendResponse({ response: { body } }) {
          if (body.kind !== 'single') return;
          const { extensions } = body.singleResult;
          body.singleResult.extensions = { ...extensions, upstream: explanation.toExtension() };
        },
      };
    },
  };
}
