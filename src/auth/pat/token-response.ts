import { matching, readJsonObject, readRetryAfter } from '../../upstream/parse-response.ts';
import type { HttpResponse } from '../../upstream/transport.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';

/** Limits of one call that signs in or fetches keys. Three in a row still fit the request deadline of 10 s. */
export const EXCHANGE_LIMITS = { timeoutMs: 3000, maxBytes: 256 * 1024 } as const;

/**
 * The JSON object of a successful answer; `who` answered it. Throws `UpstreamError` otherwise. Of an error body only
 * what has the form of a code or a trace id is kept: descriptions may repeat what was sent. `clockAheadSeconds` is
 * named as a possible cause.
 */
export function readAnswer(
  response: HttpResponse,
  who: string,
  nowMs: number,
  clockAheadSeconds?: number,
): Readonly<Record<string, unknown>> {
  const { status } = response;
  const body = readJsonObject(response.body);
  if (status >= 400) {
    const iamName = matching(body?.error, /^[a-z_]{1,64}$/) ?? matching(body?.name, /^[A-Za-z]{1,64}$/);
    const clock = clockAheadSeconds === undefined ? '' : `; ${describeClock(clockAheadSeconds)}`;
    throw new UpstreamError('status', `${who} answered ${status}${iamName ? ` ${iamName}` : ''}${clock}`, {
      status,
      iamName,
      clockAheadSeconds,
      traceId: matching(body?.traceId, /^[\w-]{1,128}$/),
      retryAfterSeconds: readRetryAfter(response.headers['retry-after'], nowMs),
    });
  }
  if (status < 200 || status >= 300) {
    throw new UpstreamError('invalid-response', `${who} answered ${status}, expected 200`, { status });
  }
  if (body === undefined) throw invalidAnswer(who, 'a JSON object');
  return body;
}

/** For an answer of 200 that is not what it should be. */
export function invalidAnswer(who: string, expected: string): UpstreamError {
  return new UpstreamError('invalid-response', `${who} answered without ${expected}`, { status: 200 });
}

export function describeClock(aheadSeconds: number): string {
  const direction = aheadSeconds > 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${Math.abs(aheadSeconds)} s ${direction} that of IAM`;
}
