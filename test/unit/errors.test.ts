import { describe, expect, it } from '@jest/globals';
import { AuthError } from '../../src/auth/authenticator.ts';
import { toReadError, toWriteError } from '../../src/errors.ts';
import { formatError } from '../../src/graphql/mask-error.ts';
import { UpstreamError } from '../../src/upstream/upstream-error.ts';

const status = (code: number, more = {}) =>
  new UpstreamError('status', 'for the log only', { status: code, ...more });
const extensions = (error: Error) => (error as unknown as { extensions: Record<string, unknown> }).extensions;

describe('A failed read is reported as', () => {
  it.each([
    ['status 400', status(400), { code: 'UPSTREAM_ERROR', upstreamStatus: 400 }],
    ['status 401', status(401), { code: 'UNAUTHENTICATED', upstreamStatus: 401 }],
    [
      'status 403',
      status(403, { iamName: 'ActionForbiddenError', traceId: 't-1' }),
      { code: 'FORBIDDEN', upstreamStatus: 403, traceId: 't-1' },
    ],
    [
      'status 403 that means 401',
      status(403, { iamName: 'UnauthorizedError' }),
      { code: 'UNAUTHENTICATED', upstreamStatus: 403 },
    ],
    [
      'an invalid JWT under status 400',
      status(400, { iamName: 'InvalidJwtTokenError' }),
      { code: 'UNAUTHENTICATED', upstreamStatus: 400 },
    ],
    ['status 404', status(404), { code: 'NOT_FOUND', upstreamStatus: 404 }],
    ['status 409', status(409), { code: 'CONFLICT', upstreamStatus: 409 }],
    ['status 418', status(418), { code: 'UPSTREAM_ERROR', upstreamStatus: 418 }],
    ['status 424', status(424), { code: 'UPSTREAM_ERROR', upstreamStatus: 424 }],
    [
      'status 429',
      status(429, { retryAfterSeconds: 7 }),
      { code: 'RATE_LIMITED', upstreamStatus: 429, retryAfter: 7 },
    ],
    ['status 429 without a time', status(429), { code: 'RATE_LIMITED', upstreamStatus: 429, retryAfter: 1 }],
    ['status 500', status(500), { code: 'UPSTREAM_ERROR', upstreamStatus: 500 }],
    ['status 503', status(503), { code: 'UPSTREAM_UNAVAILABLE', upstreamStatus: 503 }],
    ['a lost connection', new UpstreamError('unavailable', ''), { code: 'UPSTREAM_UNAVAILABLE' }],
    ['no answer in time', new UpstreamError('timeout', ''), { code: 'UPSTREAM_TIMEOUT' }],
    ['a wrong answer', new UpstreamError('invalid-response', ''), { code: 'UPSTREAM_INVALID_RESPONSE' }],
    ['an unknown caller', new AuthError('unauthenticated', 'Sign in.'), { code: 'UNAUTHENTICATED' }],
    ['a caller without the right', new AuthError('forbidden', 'No.'), { code: 'FORBIDDEN' }],
    ['a rejected sign-in of the gateway', new AuthError('sign-in-rejected', ''), { code: 'UPSTREAM_ERROR' }],
    ['no keys to check callers by', new AuthError('keys-unavailable', ''), { code: 'UPSTREAM_UNAVAILABLE' }],
  ])('%s', (_title, error, expected) => {
    expect(extensions(toReadError(error))).toEqual(expected);
  });

  it('an unexpected error, which stays as it is and is masked later', () => {
    const bug = new TypeError('x is undefined');
    expect(toReadError(bug)).toBe(bug);
  });

  it('a message of ours, never of the API', () => {
    expect(toReadError(status(403)).message).toBe('You do not have permission to do this.');
  });
});

describe('An unexpected error', () => {
  const bug = new TypeError('secret 127.0.0.1');

  it.each([undefined, 'INTERNAL_SERVER_ERROR'])('with the code %s reveals nothing of itself', (code) => {
    const formatted = { message: bug.message, path: ['token'], extensions: code ? { code } : {} };
    expect(formatError(formatted)).toEqual({ ...formatted, message: 'Internal server error' });
  });
});

describe('A failed write may have succeeded', () => {
  it.each([
    ['after status 500', status(500), true],
    ['after status 503', status(503), true],
    ['after a lost connection', new UpstreamError('unavailable', ''), true],
    ['after a timeout', new UpstreamError('timeout', ''), true],
    ['after an answer that is no token', new UpstreamError('invalid-response', ''), true],
    ['not after a redirect', new UpstreamError('invalid-response', '', { status: 307 }), undefined],
    ['not after status 400', status(400), undefined],
    ['not after status 429', status(429), undefined],
    [
      'not when the connection was never made',
      new UpstreamError('unavailable', '', { requestSent: false }),
      undefined,
    ],
    [
      'not when the deadline passed before it was sent',
      new UpstreamError('timeout', '', { requestSent: false }),
      undefined,
    ],
  ])('%s', (_title, error, expected) => {
    expect(extensions(toWriteError(error)).mayHaveSucceeded).toBe(expected);
  });
});
