import { matching, readJsonObject, readRetryAfter } from '../upstream/parse-response.ts';
import type { HttpRequest } from '../upstream/transport.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { AuthDependencies } from './authenticator.ts';

/** Limits of one call that signs in or fetches keys. Three in a row still fit the request deadline of 10 s. */
const LIMITS = { timeoutMs: 3000, maxBytes: 256 * 1024 } as const;

/** What one call sends, by POST if it has a body, and how the server is named in messages. */
export interface JsonRequest extends Pick<HttpRequest, 'url' | 'headers' | 'body'> {
  readonly server: string;
  /** Whether the request contains the time of this machine, so that a wrong clock may be the cause of a rejection. */
  readonly containsTime?: boolean;
}

/**
 * The JSON object of a successful response. Sends the request once. Rejects with `UpstreamError`, which has only codes and
 * trace ids of an error body: descriptions may repeat what was sent.
 */
export async function requestJson(
  { server, containsTime = false, ...request }: JsonRequest,
  { transport, clock, closing }: Pick<AuthDependencies, 'transport' | 'clock' | 'closing'>,
): Promise<Readonly<Record<string, unknown>>> {
  const sentAtMs = clock();
  const { status, headers, ...response } = await transport({
    ...request,
    method: request.body === undefined ? 'GET' : 'POST',
    headers: { accept: 'application/json', ...request.headers },
    ...LIMITS,
    cancellation: closing,
  });
  const body = readJsonObject(response.body);
  if (status >= 400) {
    const iamName = matching(body?.error, /^[a-z_]{1,64}$/) ?? matching(body?.name, /^[A-Za-z]{1,64}$/);
    const clockAheadSeconds = containsTime ? findClockDifference(headers.date, sentAtMs) : undefined;
    const clockText = clockAheadSeconds === undefined ? '' : `; ${describeClock(clockAheadSeconds)}`;
    const message = `${server} responded with ${status}${iamName ? ` ${iamName}` : ''}${clockText}`;
    throw new UpstreamError('status', message, {
      status,
      iamName,
      clockAheadSeconds,
      traceId: matching(body?.traceId, /^[\w-]{1,128}$/),
      retryAfterSeconds: readRetryAfter(headers),
    });
  }
  if (status < 200 || status >= 300)
    throw new UpstreamError('invalid-response', `${server} responded with ${status}, not 200`, { status });
  if (body === undefined) throw incompleteResponse(server, 'a JSON object');
  return body;
}

/** The error for a response with status 200 that lacks what it must have. */
export function incompleteResponse(server: string, expected: string): UpstreamError {
  return new UpstreamError('invalid-response', `${server} responded without ${expected}`, { status: 200 });
}

/**
 * A smaller difference causes no rejection and is not certain, because `Date` has whole seconds and the response takes
 * time.
 */
const NOTABLE_SECONDS = 60;

/** Seconds that this machine's clock is ahead of the `Date` of a response; undefined when the difference is small. */
function findClockDifference(date: string | undefined, nowMs: number): number | undefined {
  const aheadSeconds = Math.round((nowMs - Date.parse(date ?? '')) / 1000);
  return Math.abs(aheadSeconds) >= NOTABLE_SECONDS ? aheadSeconds : undefined;
}

export function describeClock(aheadSeconds: number): string {
  const direction = aheadSeconds > 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${Math.abs(aheadSeconds)} s ${direction} that of IAM`;
}
