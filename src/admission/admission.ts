import type { ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { GraphQLError } from 'graphql';
import { rejection } from '../errors.ts';
import { onClose } from '../http/connections.ts';
import { HttpError, RETRY_AFTER_SECONDS } from '../http/error-response.ts';
import type { State } from '../state/open.ts';
import { type Allowance, createTokenBuckets, type RateLimitOptions } from '../state/token-bucket.ts';
import { createLoopMonitor, createShedDetector } from './overload.ts';

interface AdmissionOptions extends RateLimitOptions {
  /** Concurrent requests; 0 is no limit. */
  readonly maxInFlight: number;
  readonly maxInFlightPerPrincipal: number;
  /** The token buckets of all replicas. While they are unavailable each replica has its own. */
  readonly shared?: State['takeFromRateLimit'] | undefined;
}

/** The error for a request above a limit; undefined if it is admitted. */
type Rejection = GraphQLError | undefined;

/** Limits of concurrency and rate. Requests above a limit are rejected at once, and may be sent again. */
export type Admission = ReturnType<typeof createAdmission>;

const OVERLOADED = new HttpError(
  503,
  'The gateway is overloaded. Wait `retryAfter` seconds before the next request.',
);
const TOO_MANY =
  'This caller has too many requests in flight. Wait for their responses before the next request.';
const TOO_OFTEN = 'This caller sends too many requests. Wait `retryAfter` seconds before the next one.';
/** The principal where callers are not distinguished: only the limit of the process applies. */
const ANONYMOUS = 'anonymous';
/** This many upstream calls count as one request: a list of fifty tokens with their projects counts as six. */
const CALLS_PER_UNIT = 10;
/** Bytes of a response that count as one request. Few responses have more; a page of IAM does not. */
const BYTES_PER_REQUEST = 2 * 1024 * 1024;
/** Memory of all large responses that their clients have not read yet. A list of a hundred tokens has some 80 KB. */
const MAX_UNREAD_BYTES = 128 * 1024 * 1024;
const LARGE_BYTES = 512 * 1024;
const UNREAD_FULL =
  'Too many large responses wait for their clients at the moment. Wait `retryAfter` seconds before the next request.';

export function createAdmission(options: AdmissionOptions) {
  const { maxInFlight, maxInFlightPerPrincipal, rateLimitPerSecond, rateLimitBurst } = options;
  const rateLimiter = rateLimitPerSecond > 0 ? createRateLimiter(options) : undefined;
  let inFlight = 0;
  // For each caller, the number of requests and of `BYTES_PER_REQUEST` parts in large responses.
  const requestsOf = new Map<string, number>();
  const partsOf = new Map<string, number>();
  let unreadBytes = 0;
  const sheds = createShedDetector();
  const loop = createLoopMonitor();

  /** The error when `more` would be too many for a caller. */
  const checkRoom = (principal: string, more: number): Rejection =>
    maxInFlightPerPrincipal > 0 &&
    principal !== ANONYMOUS &&
    (requestsOf.get(principal) ?? 0) + (partsOf.get(principal) ?? 0) + more > maxInFlightPerPrincipal
      ? rejection('OVERLOADED', TOO_MANY, { retryAfter: RETRY_AFTER_SECONDS })
      : undefined;
  /** The error when a response does not fit beside the others. A caller that has some gets half of the memory. */
  const checkMemory = (bytes: number, isFirst: boolean): Rejection =>
    unreadBytes > 0 && unreadBytes + bytes > (isFirst ? MAX_UNREAD_BYTES : MAX_UNREAD_BYTES / 2)
      ? rejection('OVERLOADED', UNREAD_FULL, { retryAfter: RETRY_AFTER_SECONDS })
      : undefined;
  return {
    /**
     * Counts the GraphQL requests of this listener from their head to the last byte of the response. `evictLate` ends
     * requests that arrive slowly: otherwise anybody could use up the limit with incomplete requests.
     */
    guard(app: FastifyInstance, evictLate: () => void): void {
      loop.start();
      app.addHook('onClose', async () => loop.stop());
      app.addHook('onRequest', (request, reply, done) => {
        if (request.routeOptions.url !== '/graphql') return done();
        const isFull = () => maxInFlight > 0 && inFlight >= maxInFlight;
        // When this process was delayed, requests that it has not read yet only seem to be late.
        if (isFull() && !loop.isLate()) evictLate();
        if (isFull()) {
          sheds.add();
          const { statusCode, headers, errors } = OVERLOADED;
          reply.code(statusCode).headers(headers).send({ errors });
          return;
        }
        inFlight++;
        onClose(reply.raw, () => void inFlight--);
        done();
      });
    },

    /**
     * Counts a request for its caller until its response is complete. The error when the caller sends too many requests
     * (`RATE_LIMITED`) or has too many concurrent ones (`OVERLOADED`). Adds the `RateLimit` fields to the response.
     */
    async admit(principal: string, reply: FastifyReply): Promise<Rejection> {
      if (principal === ANONYMOUS) return undefined;
      const exceeded = (await rateLimiter?.consume(principal, 1, reply)) ?? checkRoom(principal, 1);
      if (!exceeded) countUntilClose(requestsOf, principal, 1, reply.raw);
      return exceeded;
    },

    /** Like `admit`, for a request without a caller. It counts for the client's address, and only for the rate limit. */
    admitUnknown: (address: string, reply: FastifyReply): Rejection =>
      rateLimiter?.consumeLocally(`address ${toNetwork(address)}`, reply),

    /**
     * Consumes what an operation costs by its predicted upstream calls, beyond the one unit that `admit` has consumed, and
     * owes what is not left: `admit` rejects a request before its cost is known, so the wait that it names must be enough.
     * Returns the error when the caller owes units, because other requests came in between.
     */
    consume(principal: string, reply: FastifyReply, upstreamCalls: number): Promise<Rejection> | undefined {
      // At most the burst, so that one operation does not block its caller for longer than the bucket takes to refill.
      const cost = Math.min(Math.ceil(upstreamCalls / CALLS_PER_UNIT), rateLimitBurst);
      return principal === ANONYMOUS || cost <= 1
        ? undefined
        : rateLimiter?.consume(principal, cost - 1, reply, 0);
    },

    /**
     * Counts a large response as further concurrent requests, because its memory is held until the client has read it.
     * Returns the error when the caller, or all callers together, have too many. A large response is always sent when
     * there is no other one; otherwise its request could never succeed.
     */
    admitResponse(principal: string, reply: FastifyReply, bytes: number): Rejection {
      if (bytes < LARGE_BYTES) return undefined;
      const parts = Math.floor(bytes / BYTES_PER_REQUEST);
      const isFirst = !partsOf.has(principal);
      const exceeded = isFirst || parts === 0 ? undefined : checkRoom(principal, parts);
      const rejected = exceeded ?? checkMemory(bytes, isFirst);
      if (rejected) return rejected;
      unreadBytes += bytes;
      onClose(reply.raw, () => {
        unreadBytes -= bytes;
      });
      if (parts > 0) countUntilClose(partsOf, principal, parts, reply.raw);
      return undefined;
    },

    /** Concurrent GraphQL requests, and how many were shed because the process had too many. */
    load: () => ({ inFlight, shed: sheds.total() }),

    /**
     * Whether a load balancer should send requests elsewhere for a while. Requests above the limit of one caller do not
     * count, because they do not affect other callers.
     */
    isOverloaded: () => sheds.areMany() || loop.isLate(),
  };
}

/** Adds to the count of a caller until its response is complete. */
function countUntilClose(
  counts: Map<string, number>,
  principal: string,
  more: number,
  response: ServerResponse,
): void {
  counts.set(principal, (counts.get(principal) ?? 0) + more);
  onClose(response, () => {
    const left = (counts.get(principal) ?? 0) - more;
    // Callers without requests take no memory.
    if (left > 0) counts.set(principal, left);
    else counts.delete(principal);
  });
}

/** Token buckets of `rateLimitBurst` units, refilled by `rateLimitPerSecond`, which is not 0. */
function createRateLimiter(options: AdmissionOptions) {
  const { rateLimitPerSecond, rateLimitBurst, shared } = options;
  const takeLocally = createTokenBuckets(options);
  const policy = `"default";q=${rateLimitBurst};w=${Math.ceil(rateLimitBurst / rateLimitPerSecond)}`;

  /**
   * draft-ietf-httpapi-ratelimit-headers: what is left, and in how many seconds the bucket is full, or has the unit that
   * `admit` needs for a rejected request.
   */
  const report = ({ left, isConsumed }: Allowance, reply: FastifyReply): Rejection => {
    const seconds = Math.ceil(((isConsumed ? rateLimitBurst : 1) - left) / rateLimitPerSecond);
    const remaining = Math.max(left, 0);
    reply.header('ratelimit-policy', policy).header('ratelimit', `"default";r=${remaining};t=${seconds}`);
    return isConsumed ? undefined : rejection('RATE_LIMITED', TOO_OFTEN, { retryAfter: seconds });
  };
  return {
    consumeLocally: (key: string, reply: FastifyReply) => report(takeLocally(key, 1), reply),
    /** Consumes `units` where `needed` units are left. */
    async consume(principal: string, units: number, reply: FastifyReply, needed = units): Promise<Rejection> {
      const allowance = await shared?.(principal, units, needed).catch(() => undefined);
      return report(allowance ?? takeLocally(principal, units, needed), reply);
    },
  };
}

/** The /64 network of an IPv6 address, because one client usually has all 2^64 addresses of it (RFC 4291, 2.5.4). */
function toNetwork(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  const rest = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const filled = [...groups, ...Array(Math.max(0, 8 - groups.length - rest.length)).fill('0'), ...rest];
  return filled.slice(0, 4).join(':');
}
