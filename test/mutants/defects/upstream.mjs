const WRITES = ['test/gateway/writes-once.test.ts'];
const TRANSPORTS = ['test/unit/upstream/transports.test.ts'];
const RETRY = ['test/unit/upstream/retry.test.ts'];
const CLIENT = ['test/unit/upstream/client.test.ts'];
const SEND = ['test/unit/upstream/send.test.ts'];
const EXCHANGE = ['test/unit/upstream/attempt.test.ts'];

/** Timeouts, retries, redirects, sizes, and what is sent. */
export const upstream = [
  {
    name: 'A write is sent again after a failure',
    file: 'src/upstream/send.ts',
    find: 'return await sendOnce(scope, call, authorization, 0);',
    replace: 'return await readWith(scope, call, authorization);',
    tests: SEND,
  },
  {
    name: 'A write is repeated with the renewed credential',
    file: 'src/upstream/send.ts',
    find: 'scope.credential.renew(authorization).catch(() => {});',
    replace:
      'const other = await scope.credential.renew(authorization); if (other !== undefined) return sendOnce(scope, call, other, 1);',
    tests: SEND,
  },
  {
    name: 'A write that is refused renews nothing for the next call',
    file: 'src/upstream/send.ts',
    find: 'scope.credential.renew(authorization).catch(() => {});',
    replace: '',
    tests: SEND,
  },
  {
    name: 'A read is not repeated after a 401 although there is a new credential',
    file: 'src/upstream/send.ts',
    find: 'const other = await raceCancel(scope.credential.renew(authorization), scope.deadline.cancellation);',
    replace: 'const other = undefined;',
    tests: SEND,
  },
  {
    name: 'A read is asked again on 500',
    file: 'src/upstream/retry-policy.ts',
    find: 'new Set([429, 502, 503, 504])',
    replace: 'new Set([429, 500, 502, 503, 504])',
    tests: RETRY,
  },
  {
    name: 'A read is asked once more than configured',
    file: 'src/upstream/send.ts',
    find: 'attempt >= retries ||',
    replace: 'attempt > retries ||',
    tests: SEND,
  },
  {
    name: 'Any Retry-After is waited for',
    file: 'src/upstream/send.ts',
    find: 'if (askedMs > retryAfterMaxMs) return undefined;',
    replace: '',
    tests: SEND,
  },
  {
    name: 'A Retry-After is not waited for',
    file: 'src/upstream/send.ts',
    find: 'Math.max(askedMs, backoffMs(attempt, random))',
    replace: 'backoffMs(attempt, random)',
    tests: SEND,
  },
  {
    name: 'Retries have no common budget, so that an outage triples the load',
    file: 'src/upstream/send.ts',
    find: 'delayMs < remainingMs && retryBudget.take() ? delayMs : undefined',
    replace: 'delayMs < remainingMs ? delayMs : undefined',
    tests: SEND,
  },
  {
    name: 'The budget of retries never fills up again',
    file: 'src/upstream/retry-policy.ts',
    find: 'left = Math.min(size, left + ((time - at) / 1000) * perSecond);',
    replace: '',
    tests: RETRY,
  },
  {
    name: 'A write may last longer than its request',
    file: 'src/upstream/attempt.ts',
    find: 'Math.max(1, Math.min(timeoutMs, scope.deadline.remainingMs()))',
    replace: 'timeoutMs',
    tests: EXCHANGE,
  },
  {
    name: 'A request has no deadline while it waits for its turn',
    file: 'src/upstream/deadline.ts',
    find: "    cancellation.cancel('timeout');",
    replace: '',
    tests: EXCHANGE,
  },
  {
    name: 'A write is cut off when its client goes away',
    file: 'src/upstream/attempt.ts',
    find: 'cancellation: isRead ? scope.deadline.cancellation : scope.deadline.expired,',
    replace: 'stop: scope.deadline.cancellation,',
    tests: EXCHANGE,
  },
  {
    name: 'Redirects of writes are followed, credential included',
    file: 'src/upstream/got-transport.ts',
    find: 'followRedirect: false,',
    replace: '',
    tests: WRITES,
    only: 'update is sent once .redirect-307',
  },
  {
    name: 'A redirect of a read passes for an answer',
    file: 'src/upstream/attempt.ts',
    find: 'response.status > 299',
    replace: 'response.status > 399',
    tests: WRITES,
    only: 'update is sent once .redirect-307',
  },
  {
    name: 'Answers to reads have no size limit',
    file: 'src/upstream/undici-transport.ts',
    find: 'size += chunk.length;',
    replace: '',
    tests: TRANSPORTS,
  },
  {
    name: 'A malformed id reaches the path',
    file: 'src/upstream/iam-client.ts',
    find: 'if (!isId(id))',
    replace: "if (id === '')",
    tests: CLIENT,
  },
  {
    name: 'An id is not encoded',
    file: 'src/upstream/iam-client.ts',
    find: '$' + '{encodeURIComponent(id)}',
    replace: '$' + '{id}',
    tests: CLIENT,
  },
  {
    name: 'A start key is not encoded',
    file: 'src/upstream/iam-client.ts',
    find: 'encodeURIComponent(startKey)',
    replace: 'startKey',
    tests: CLIENT,
  },
  {
    name: 'A 403 that means 401 is not recognised',
    file: 'src/upstream/parse-error.ts',
    find: ' || (iamName !== undefined && UNAUTHENTICATED.has(iamName))',
    replace: '',
    tests: ['test/unit/errors.test.ts'],
  },
];
