import { parseJson } from './parse-json.ts';
import { readRetryAfter } from './retry-policy.ts';
import type { HttpResponse } from './transport.ts';
import { type ErrorDetail, UpstreamError } from './upstream-error.ts';

const UNAUTHENTICATED = new Set(['UnauthorizedError', 'InvalidJwtTokenError']);

/** Whether IAM does not know who asks. It says so by 401, and by two names under any status. */
export function isUnauthenticated({ status, iamName }: UpstreamError): boolean {
  return status === 401 || (iamName !== undefined && UNAUTHENTICATED.has(iamName));
}

/**
 * The error of an answer that is no success. Bodies come from the service (`name`, `traceId`, `details`), from the
 * gateway in front of it (`message` alone), or are not JSON at all; of all of them only what is named here is read.
 */
export function toStatusError(response: HttpResponse, nowMs: number): UpstreamError {
  const { status } = response;
  if (status < 400) return new UpstreamError('invalid-response', `unexpected status ${status}`, { status });
  const body = readErrorBody(response.body);
  return new UpstreamError('status', `status ${status}${body.iamName ? ` ${body.iamName}` : ''}`, {
    status,
    retryAfterSeconds: readRetryAfter(response.headers['retry-after'], nowMs),
    ...body,
  });
}

interface ErrorBody {
  readonly iamName?: string | undefined;
  readonly traceId?: string | undefined;
  readonly details?: readonly ErrorDetail[];
}

function readErrorBody(text: string): ErrorBody {
  let body: unknown;
  try {
    body = parseJson(text);
  } catch {
    return {};
  }
  if (typeof body !== 'object' || body === null) return {};
  const { name, traceId, details } = body as Record<string, unknown>;
  return {
    iamName: typeof name === 'string' && /^[A-Za-z]{1,64}$/.test(name) ? name : undefined,
    traceId: typeof traceId === 'string' && /^[\w.:=-]{1,128}$/.test(traceId) ? traceId : undefined,
    details: Array.isArray(details) ? details.slice(0, 20).flatMap(readDetail) : [],
  };
}

function readDetail(detail: unknown): ErrorDetail[] {
  if (typeof detail !== 'object' || detail === null) return [];
  const { issue, field } = detail as Record<string, unknown>;
  if (typeof issue !== 'string') return [];
  const shortIssue = cut(issue, 300);
  return [typeof field === 'string' ? { issue: shortIssue, field: cut(field, 200) } : { issue: shortIssue }];
}

/** A cut between the halves of a surrogate pair leaves half a character. */
function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed();
}
