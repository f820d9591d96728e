// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of the source are texts here.
/**
 * Mistakes that a careful engineer might still make, each of which would leak a secret, mix callers, lose or double a
 * write, or open a limit. In the function `within` of `file`, the expression `find` becomes `replace`; then `tests` have
 * to fail, or those of them that `only` selects by title. Without `within` the whole file is searched.
 */
export const defects = [...secrets(), ...callers(), ...mixtures(), ...writes(), ...limits()];

/** What leaves the gateway: to clients, to the log, to the IAM API. */
function secrets() {
  const redaction = ['test/gateway/redaction.test.ts'];
  const privateText = {
    tests: ['test/gateway/key-values.test.ts'],
    only: 'A private key that was pasted as text',
  };
  return [
    {
      name: 'The name of an unknown member of a variable is in the message, whatever it is',
      file: 'src/graphql/pipeline/coerce-input.ts',
      within: 'checkMembers',
      find: 'isRepeatable(key)',
      replace: 'true',
      tests: redaction,
      only: 'A rejected value is never in the response',
    },
    {
      name: 'Messages about variables name the schema where introspection is off',
      file: 'src/graphql/pipeline/coerce-input.ts',
      within: 'createProblems',
      find: 'isSchemaVisible ? problem : hidden',
      replace: 'problem',
      tests: ['test/gateway/messages.test.ts'],
    },
    {
      name: 'Messages about documents name the schema where introspection is off',
      file: 'src/graphql/mask-error.ts',
      within: 'formatRequestError',
      find: 'schema ? describeInvalid(error, schema) : describeHidden(error)',
      replace: 'schema ? describeInvalid(error, schema) : error.message',
      tests: ['test/gateway/messages.test.ts'],
    },
    {
      name: 'The text at a syntax error is in the message',
      file: 'src/graphql/mask-error.ts',
      within: 'publicMessage',
      find: 'withoutLexeme(message)',
      replace: 'message',
      tests: redaction,
      only: 'in the document',
    },
    {
      name: 'The message of an unexpected error is public',
      file: 'src/graphql/mask-error.ts',
      within: 'publicMessage',
      find: "'Internal server error'",
      replace: 'message',
      tests: ['test/unit/errors.test.ts'],
    },
    {
      name: 'The message of a failed upstream call is public',
      file: 'src/errors.ts',
      within: 'toRejection',
      find: 'rejection(code, message,',
      replace: 'rejection(code, error.message,',
      tests: ['test/unit/errors.test.ts'],
    },
    {
      name: 'The description of a failed sign-in, which may repeat what was sent, is kept',
      file: 'src/auth/json-request.ts',
      within: 'requestJson',
      find: 'matching(body?.error, /^[a-z_]{1,64}$/)',
      replace: 'matching(body?.error_description, /./)',
      tests: ['test/unit/auth/sign-in.test.ts'],
      only: 'A sign-in that goes wrong',
    },
    {
      name: 'A private key in a name is sent to the API',
      file: 'src/graphql/resolvers/token-input.ts',
      within: 'checkInputText',
      find: 'findPrivateKey(text, request)',
      replace: 'undefined',
      ...privateText,
    },
    {
      name: 'A private JSON Web Key in a text is not recognised',
      file: 'src/tokens/private-key-text.ts',
      within: 'isPrivateKey',
      find: '|| isPrivateJwk(text)',
      replace: '',
      ...privateText,
    },
    {
      name: 'A redirect takes the signed assertion to another host',
      file: 'src/upstream/got-transport.ts',
      within: 'createGotTransport',
      find: 'followRedirect: false',
      replace: 'followRedirect: true',
      tests: ['test/unit/upstream/transports.test.ts'],
      only: 'redirect',
    },
    {
      name: 'An id leads to another path by two dots',
      file: 'src/upstream/iam-client.ts',
      within: 'isId',
      find: "&& !id.includes('..')",
      replace: '',
      tests: ['test/unit/upstream/client.test.ts'],
    },
  ];
}

/** Which clients get in, and what they may do. */
function callers() {
  const jwt = ['test/unit/auth/jwt-callers.test.ts'];
  const pat = ['test/gateway/pat.test.ts'];
  return [
    {
      name: 'The issuer of a JWT is not checked',
      file: 'src/auth/callers/jwt.ts',
      within: 'createJwtCallerCheck',
      find: 'issuer, audience, requiredClaims',
      replace: 'audience, requiredClaims',
      tests: jwt,
    },
    {
      name: 'The audience of a JWT is not checked',
      file: 'src/auth/callers/jwt.ts',
      within: 'createJwtCallerCheck',
      find: 'audience, requiredClaims',
      replace: 'requiredClaims',
      tests: jwt,
    },
    {
      name: 'HS256 is among the accepted algorithms',
      file: 'src/auth/callers/jwt.ts',
      within: 'ALGORITHMS',
      find: "'RS256 RS384",
      replace: "'HS256 RS256 RS384",
      tests: jwt,
    },
    {
      name: 'The scope that allows reading also allows writing',
      file: 'src/auth/callers/jwt.ts',
      within: 'toRights',
      find: "mayWrite = scopes.has('tokens:write')",
      replace: "mayWrite = scopes.has('tokens:write') || scopes.has('tokens:read')",
      tests: jwt,
    },
    {
      name: 'An API key works after it was removed from the file',
      file: 'src/auth/callers/api-key.ts',
      within: 'openApiKeys',
      find: 'keys = changed.keys',
      replace: 'keys = new Map([...keys, ...changed.keys])',
      tests: ['test/gateway/pat.test.ts'],
      only: 'is read again without a restart',
    },
    {
      name: 'The role of an API key is ignored',
      file: 'src/auth/callers/api-key.ts',
      within: 'openApiKeys',
      find: "key.role === 'write'",
      replace: 'true',
      tests: ['test/unit/auth/api-key.test.ts'],
    },
    {
      name: 'A caller with the right to read may run mutations',
      file: 'src/graphql/pipeline/pipeline.ts',
      within: 'authorize',
      find: '!caller.mayWrite',
      replace: 'false',
      tests: pat,
      only: "a reader's mutation",
    },
    {
      name: 'What an operation selects by a fragment needs no caller',
      file: 'src/graphql/pipeline/selected-fields.ts',
      within: 'selectedFields',
      find: '!fragment',
      replace: 'fragment',
      tests: pat,
      only: 'within fragments',
    },
    {
      name: 'In `pat` mode, callers need not be checked on an address that others can reach',
      file: 'src/config/auth.ts',
      within: 'readCallerAuth',
      find: '!isLoopback(values.HOST) &&',
      replace: 'false &&',
      tests: ['test/unit/config/config-problems.test.ts'],
    },
    {
      name: 'On a loopback host a page of another site is served by a name of its own',
      file: 'src/http/validate-request.ts',
      within: 'httpChecks',
      find: 'isLoopbackOnly && !authoritiesOf(request).every(isLoopbackName)',
      replace: 'false',
      tests: ['test/gateway/host-names.test.ts'],
      only: 'is not served anything',
    },
    {
      name: 'A GET that a page of another site can send is executed',
      file: 'src/graphql/pipeline/params.ts',
      within: 'readParams',
      find: 'checkGet(request)',
      replace: 'undefined',
      tests: ['test/gateway/http.test.ts'],
      only: 'rejects a GET',
    },
    {
      name: 'A mutation is executed by GET',
      file: 'src/graphql/pipeline/pipeline.ts',
      within: 'checkMethod',
      find: "method !== 'POST'",
      replace: 'false',
      tests: ['test/gateway/prepared-operations.test.ts'],
      only: 'never by GET',
    },
    {
      name: 'Clients without a caller register persisted queries',
      file: 'src/graphql/pipeline/pipeline.ts',
      within: 'createPipeline',
      find: '!(request.caller instanceof Error)',
      replace: 'true',
      tests: ['test/gateway/pipeline.test.ts'],
      only: 'is not registered by an unknown caller',
    },
    {
      name: 'A document that is not trusted is executed',
      file: 'src/graphql/trusted-documents.ts',
      within: 'applyAllowList',
      find: "if (trusted?.mode !== 'enforce' && !isOnlyId) return params",
      replace: 'return params',
      tests: ['test/gateway/trusted-documents.test.ts'],
      only: 'no other document runs',
    },
  ];
}

/** What requests have in common while they run, and what they must not have. */
function mixtures() {
  const coalescing = ['test/unit/graphql/pipeline/coalesce.test.ts'];
  const singleFlight = ['test/unit/upstream/single-flight.test.ts'];
  const sharing = ['test/gateway/sharing.test.ts'];
  const executors = ['test/gateway/executors.test.ts'];
  return [
    {
      name: 'A principal is cut to twelve digits',
      file: 'src/auth/bearer.ts',
      within: 'sha256',
      find: "hash('sha256', text, 'hex')",
      replace: "hash('sha256', text, 'hex').slice(0, 12)",
      tests: ['test/unit/auth/pass-through.test.ts'],
    },
    {
      name: 'Subjects of two issuers are one principal',
      file: 'src/auth/callers/jwt.ts',
      within: 'toRights',
      find: '[iss, sub]',
      replace: '[sub]',
      tests: ['test/unit/auth/jwt-callers.test.ts'],
      only: 'stays the same principal',
    },
    {
      name: 'The coalescing key lacks the principal',
      file: 'src/graphql/pipeline/coalesce.ts',
      within: 'toKey',
      find: '${principal} ${prepared.id}',
      replace: '${prepared.id}',
      tests: coalescing,
    },
    {
      name: 'Mutations are coalesced',
      file: 'src/graphql/pipeline/coalesce.ts',
      within: 'coalesce',
      find: 'pending.prepared.isMutation ||',
      replace: '',
      tests: coalescing,
    },
    {
      name: 'An internal error goes to all coalesced requests, with the request id of the first',
      file: 'src/graphql/pipeline/coalesce.ts',
      within: 'coalesce',
      find: 'outcome.isPersonal',
      replace: 'false',
      tests: coalescing,
    },
    {
      name: 'Two operations of one document are taken for the same',
      file: 'src/graphql/pipeline/prepared-operations.ts',
      within: 'toPrepared',
      find: "`${hash} ${operationName ?? ''}`",
      replace: 'hash',
      tests: ['test/gateway/pipeline.test.ts'],
      only: 'are not coalesced for different operations',
    },
    {
      name: 'The key of a shared read lacks its page',
      file: 'src/upstream/iam-client.ts',
      within: 'read',
      find: 'credential.identity, path',
      replace: 'credential.identity, operation',
      tests: sharing,
      only: 'a read of its own for each size of a page',
    },
    {
      name: 'A cancelled single flight can still be joined',
      file: 'src/upstream/single-flight.ts',
      within: 'cancel',
      find: 'remove();',
      replace: '',
      tests: singleFlight,
    },
    {
      name: 'A cancelled single flight removes its successor',
      file: 'src/upstream/single-flight.ts',
      within: 'remove',
      find: 'if (entries.get(key)?.work === work) entries.delete(key)',
      replace: 'entries.delete(key)',
      tests: singleFlight,
    },
    {
      name: 'A read joins one that began before another process wrote',
      file: 'src/upstream/single-flight.ts',
      within: 'joinUnlessOld',
      find: 'entry.startedAt > writtenAt',
      replace: 'true',
      tests: singleFlight,
    },
    {
      name: 'A read joins one that began during a write',
      file: 'src/upstream/iam-client.ts',
      within: 'write',
      find: 'finally { reads.invalidate(identity);',
      replace: 'finally {',
      tests: sharing,
      only: 'reads that are coalesced with one that ran at the same time',
    },
    {
      name: 'A cursor of another list is accepted',
      file: 'src/graphql/pagination/cursor.ts',
      within: 'digestOf',
      find: 'JSON.stringify(scope)',
      replace: "''",
      tests: ['test/unit/graphql/pagination/cursor.test.ts'],
    },
    {
      name: 'A text of the client is compiled as part of a program',
      file: 'src/graphql/pipeline/compile.ts',
      within: 'findConditions',
      find: 'expect(SAFE_VALUES.has(value.kind))',
      replace: 'expect(value.kind !== Kind.OBJECT)',
      tests: executors,
      only: 'text of a client as a program',
    },
    {
      name: 'A mutation is compiled',
      file: 'src/graphql/pipeline/compile.ts',
      within: 'findConditions',
      find: "operation.operation !== 'query' ||",
      replace: '',
      tests: ['test/unit/graphql/pipeline/prepared-operations.test.ts'],
    },
  ];
}

/** Each write is sent once, and its client is told what became of it. */
function writes() {
  const send = ['test/unit/upstream/send.test.ts'];
  const attempt = ['test/unit/upstream/attempt.test.ts'];
  const loaders = ['test/unit/tokens/loaders.test.ts'];
  const idempotency = ['test/gateway/idempotency.test.ts'];
  const create = 'src/tokens/idempotent-create.ts';
  const records = ['test/unit/state/memory-records.test.ts'];
  return [
    {
      name: 'A write is sent again after a failure',
      file: 'src/upstream/send.ts',
      within: 'writeWith',
      find: 'await sendOnce(scope, call, authorization, 0)',
      replace: 'await readWith(scope, call, authorization)',
      tests: send,
    },
    {
      name: 'A write that broke a stale connection is sent again, although IAM may have it',
      file: 'src/upstream/send.ts',
      within: 'writeWith',
      find: ' && !error.requestSent',
      replace: '',
      tests: send,
    },
    {
      name: 'A write is sent again with a renewed credential',
      file: 'src/upstream/send.ts',
      within: 'write',
      find: 'scope.credential.renew(authorization.value).catch(() => {});',
      replace: `const other = await scope.credential.renew(authorization.value);
        if (other !== undefined) return sendOnce(scope, call, { value: other }, 1);`,
      tests: send,
    },
    {
      name: 'A delete counts as done, whatever comes back with a status 2xx',
      file: 'src/upstream/iam-client.ts',
      within: 'deleteToken',
      find: 'checkDeleteBody(',
      replace: 'String(',
      tests: ['test/gateway/writes-once.test.ts'],
      only: 'one delete is sent once',
    },
    {
      name: 'A write that waited is sent with a credential that was rejected meanwhile',
      file: 'src/upstream/attempt.ts',
      within: 'createSendOnce',
      find: 'if (acquired instanceof Promise)',
      replace: 'if (acquired === undefined)',
      tests: ['test/gateway/replaced-credential.test.ts'],
    },
    {
      name: 'A write is cancelled when its client leaves',
      file: 'src/upstream/attempt.ts',
      within: 'createSendOnce',
      find: 'isRead ? scope.deadline.cancellation : scope.deadline.expired',
      replace: 'scope.deadline.cancellation',
      tests: attempt,
    },
    {
      name: 'A redirect counts as a successful write',
      file: 'src/upstream/attempt.ts',
      within: 'createSendOnce',
      find: 'response.status > 299',
      replace: 'response.status > 399',
      tests: attempt,
      only: 'answered with 302',
    },
    {
      name: 'A write of unknown outcome does not say that it may have succeeded',
      file: 'src/errors.ts',
      within: 'toWriteError',
      find: 'mayHaveSucceeded(error) ? { mayHaveSucceeded: true } : {}',
      replace: '{}',
      tests: ['test/unit/errors.test.ts'],
    },
    {
      name: 'A write of which no byte was sent may have succeeded',
      file: 'src/upstream/transport.ts',
      within: 'createHandler',
      find: 'const requestSent = controller !== undefined',
      replace: 'const requestSent = true',
      tests: ['test/gateway/never-sent.test.ts'],
      only: 'when the port is closed',
    },
    {
      name: 'A write that failed before it was sent may have succeeded',
      file: 'src/upstream/upstream-error.ts',
      within: 'mayHaveSucceeded',
      find: '!isBeforeWrite &&',
      replace: '',
      tests: idempotency,
      only: 'says of a create that nothing was sent',
    },
    {
      name: 'An update accepts an answer about another token',
      file: 'src/upstream/iam-client.ts',
      within: 'updateToken',
      find: 'readToken(await write(scope, call), id)',
      replace: 'readToken(await write(scope, call))',
      tests: ['test/gateway/mutations.test.ts'],
      only: 'returns another token',
    },
    {
      name: 'An update that failed leaves what was read before it',
      file: 'src/tokens/loaders.ts',
      within: 'updateToken',
      find: 'clear(id);',
      replace: '',
      tests: loaders,
    },
    {
      name: 'Two callers with the same idempotency key share a token',
      file: create,
      within: 'createIdempotentCreate',
      find: '[request.principal, request.key]',
      replace: '[request.key]',
      tests: idempotency,
      only: 'of another caller is another key',
    },
    {
      name: 'The digest of an idempotent create lacks `description`',
      file: create,
      within: 'createIdempotentCreate',
      find: 'digestOf(request.body)',
      replace: 'digestOf({ ...request.body, description: undefined })',
      tests: idempotency,
      only: 'with another description',
    },
    {
      name: 'The record of an idempotent create lives 24 seconds',
      file: 'src/tokens/create-record.ts',
      within: 'RECORD_TTL_MS',
      find: '24 * 3600 * 1000',
      replace: '24 * 1000',
      tests: ['test/unit/tokens/idempotent-create.test.ts'],
      only: 'is remembered for 24 hours',
    },
    {
      name: 'A token that was deleted since is created again',
      file: create,
      within: 'takeStep',
      find: 'if (record?.tokenId !== undefined)',
      replace:
        'if (record?.tokenId !== undefined && (await orNull(create.loaders.freshToken(record.tokenId))))',
      tests: idempotency,
      only: 'has been deleted since',
    },
    {
      name: 'A repeat does not wait for a create that may still take effect',
      file: create,
      within: 'settleMs',
      find: 'requestDeadlineMs + MARGIN_MS',
      replace: '0',
      tests: idempotency,
      only: 'waits for the token that appears late',
    },
    {
      name: 'Only the first page is searched for the token of a lost answer',
      file: 'src/tokens/matching-tokens.ts',
      within: 'createTokenLookUp',
      find: 'startKey = next;',
      replace: 'break;',
      tests: ['test/unit/tokens/idempotent-create.test.ts'],
      only: 'on whatever page',
    },
    {
      name: 'A lease can be released by a request that does not hold it',
      file: 'src/state/records.ts',
      within: 'change',
      find: 'leases.get(key.id)?.value !== owner',
      replace: '!leases.get(key.id)',
      tests: records,
    },
  ];
}

/** What one caller, one request or one operation may use at most. */
function limits() {
  const admission = ['test/gateway/admission.test.ts'];
  const rateLimit = ['test/gateway/rate-limit.test.ts'];
  const operations = ['test/gateway/operation-limits.test.ts'];
  const measures = ['test/unit/graphql/pipeline/operation-limits.test.ts'];
  const oneMore = (what, within, find, only) => ({
    name: `An operation may exceed the limit of ${what} by one`,
    file: 'src/graphql/pipeline/limits.ts',
    within,
    find,
    replace: `${find} + 1`,
    tests: operations,
    only,
  });
  return [
    {
      name: 'One request more than the limit is admitted',
      file: 'src/admission/admission.ts',
      within: 'createAdmission',
      find: 'inFlight >= maxInFlight',
      replace: 'inFlight > maxInFlight',
      tests: admission,
      only: 'those above the limit get 503',
    },
    {
      name: 'An expensive operation takes as much of the rate limit as a cheap one',
      file: 'src/admission/admission.ts',
      within: 'createAdmission',
      find: 'Math.ceil(upstreamCalls / CALLS_PER_UNIT)',
      replace: '1',
      tests: rateLimit,
      only: 'one unit for every ten upstream calls',
    },
    {
      name: 'A rejected operation takes its cost from the rate limit',
      file: 'src/graphql/pipeline/pipeline.ts',
      within: 'createPipeline',
      find: 'for (const check of operationChecks) check(pending, limits)',
      replace: `try {
        for (const check of operationChecks) check(pending, limits);
      } catch (error) {
        await request.consume(pending.cost.upstreamCalls);
        throw error;
      }`,
      tests: ['test/gateway/pipeline.test.ts'],
      only: 'when it costs too much',
    },
    {
      name: 'A client chooses its address for the rate limit by a header',
      file: 'src/http/client-address.ts',
      within: 'createClientAddress',
      find: 'forwarded === undefined || !isTrusted(own)',
      replace: 'forwarded === undefined',
      tests: ['test/unit/http/client-address.test.ts'],
    },
    oneMore('characters', 'checkLength', 'text.length, maxOperationChars', '15001'),
    oneMore('upstream calls', 'checkCost', 'upstreamCalls, maxUpstreamCalls', 'and not 151'),
    oneMore('cost', 'checkCost', 'fieldCost, maxFieldCost', 'and not 50 001'),
    {
      name: 'What fragments hold is not counted',
      file: 'src/graphql/pipeline/document-size.ts',
      within: 'ofSelection',
      find: 'fragment ? ofFragment(fragment) : NOTHING',
      replace: 'NOTHING',
      tests: measures,
    },
    {
      name: 'The size of a list in a variable costs nothing',
      file: 'src/graphql/pipeline/cost.ts',
      within: 'compileArgument',
      find: 'valueFromASTUntyped(node, variables)',
      replace: 'valueFromASTUntyped(node)',
      tests: measures,
    },
    {
      name: 'Upstream calls below a list are counted once, not for each item',
      file: 'src/graphql/pipeline/cost.ts',
      within: 'addCost',
      find: 'cost.upstreamCalls += items * calls',
      replace: 'cost.upstreamCalls += lists * calls',
      tests: measures,
    },
    {
      name: 'The search for an earlier token has no limit of calls',
      file: 'src/tokens/matching-tokens.ts',
      within: 'createTokenLookUp',
      find: 'callsLeft > 0',
      replace: 'true',
      tests: ['test/gateway/idempotency.test.ts'],
      only: 'more than can be searched can still create',
    },
    {
      name: 'Retries have no common budget',
      file: 'src/upstream/send.ts',
      within: 'createSend',
      find: '&& takeRetry()',
      replace: '',
      tests: ['test/unit/upstream/send.test.ts'],
    },
    {
      name: 'A read that timed out is repeated at once, outside the retry budget',
      file: 'src/upstream/transport.ts',
      within: 'createHandler',
      find: 'requestSent: controller !== undefined',
      replace: 'requestSent: controller !== undefined, staleConnection: connection.isUsed',
      tests: ['test/gateway/upstream-faults.test.ts'],
      only: 'A read that timed out',
    },
    {
      name: 'The timer of a deadline goes on after the response',
      file: 'src/upstream/cancellation.ts',
      within: 'startDeadline',
      find: 'clearTimeout(timer);',
      replace: '',
      tests: ['test/gateway/deadline.test.ts'],
      only: 'leaves no timer behind',
    },
    {
      name: 'Responses of the API have no size limit',
      file: 'src/upstream/transport.ts',
      within: 'createHandler',
      find: 'size += chunk.length;',
      replace: '',
      tests: ['test/unit/upstream/transports.test.ts'],
    },
    {
      name: 'The exponent of a JSON Web Key may be of any length',
      file: 'src/keys/jwk.ts',
      within: 'findRsaProblem',
      find: "readInteger('e', e, MAX_EXPONENT_BYTES)",
      replace: "readInteger('e', e, 1_000_000)",
      tests: ['test/gateway/key-values.test.ts'],
      only: 'The numbers of a key',
    },
    {
      name: 'Invented key ids become requests to the identity provider',
      file: 'src/auth/callers/jwks.ts',
      within: 'refetch',
      find: 'triedAtMs !== undefined && Math.abs(clock() - triedAtMs) < cooldownMs',
      replace: 'false',
      tests: ['test/unit/auth/jwks.test.ts'],
      only: 'for keys that nobody has',
    },
  ];
}
