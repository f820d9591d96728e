import { isIPv6 } from 'node:net';
import type { FastifyReply } from 'fastify';
import type { GraphQLError } from 'graphql';
import { retryableRejection } from '../errors.ts';
import {
  type Allowance,
  createTokenBuckets,
  type RateLimitOptions,
  type SharedBuckets,
} from '../state/token-bucket.ts';

export interface QuotaOptions extends RateLimitOptions {
  /** The bucket of all replicas. While it is away each has its own. */
  readonly shared?: { readonly take: SharedBuckets; readonly onFallback: () => void } | undefined;
}

/** A promise only where replicas share the limit. */
export type Refusal = GraphQLError | undefined;

/** How often callers may ask. Both add the `RateLimit` fields to the answer. */
export interface Quota {
  /** Takes one for a request. */
  enter(principal: string, reply: FastifyReply): Refusal | Promise<Refusal>;
  /** Takes what an operation with so many predicted upstream calls costs beyond the one that was taken for the request. */
  charge(principal: string, reply: FastifyReply, upstreamCalls: number): Refusal | Promise<Refusal>;
  /** Takes one for a request of whom nothing is known but the address. */
  enterUnknown(address: string, reply: FastifyReply): Refusal;
}

/** So many upstream calls count as one request: a list of fifty tokens with their projects as six. */
const CALLS_PER_UNIT = 10;
const TOO_OFTEN = 'Too many requests of this caller. Wait `retryAfter` seconds before the next.';

/** Buckets of `rateLimitBurst`, refilled by `rateLimitPerSecond`, which is not 0. */
export function createQuota(options: QuotaOptions): Quota {
  const { rateLimitPerSecond, rateLimitBurst, shared } = options;
  const here = createTokenBuckets(options);
  const policy = `"default";q=${rateLimitBurst};w=${Math.ceil(rateLimitBurst / rateLimitPerSecond)}`;

  /** draft-ietf-httpapi-ratelimit-headers: what is left, and in how many seconds there is more, or all again. */
  const tell = ({ left, waitSeconds }: Allowance, reply: FastifyReply): Refusal => {
    const seconds = waitSeconds || Math.ceil((rateLimitBurst - left) / rateLimitPerSecond);
    reply.header('ratelimit-policy', policy).header('ratelimit', `"default";r=${left};t=${seconds}`);
    return waitSeconds > 0 ? retryableRejection('RATE_LIMITED', TOO_OFTEN, waitSeconds) : undefined;
  };
  const takeShared = async (
    { take, onFallback }: NonNullable<typeof shared>,
    principal: string,
    amount: number,
    reply: FastifyReply,
  ): Promise<Refusal> => {
    let allowance: Allowance;
    try {
      allowance = await take(principal, amount);
    } catch {
      onFallback();
      allowance = here.take(principal, amount);
    }
    return tell(allowance, reply);
  };
  const take = (principal: string, amount: number, reply: FastifyReply): Refusal | Promise<Refusal> =>
    shared ? takeShared(shared, principal, amount, reply) : tell(here.take(principal, amount), reply);

  return {
    enter: (principal, reply) => take(principal, 1, reply),
    charge(principal, reply, upstreamCalls) {
      // Whatever passes the limits of an operation may run, if only after a while.
      const price = Math.min(Math.ceil(upstreamCalls / CALLS_PER_UNIT), rateLimitBurst);
      return price > 1 ? take(principal, price - 1, reply) : undefined;
    },
    enterUnknown: (address, reply) => tell(here.take(`address ${toNetwork(address)}`, 1), reply),
  };
}

/** Who has an IPv6 address has some 2^64 of them, which share their first 64 bits (RFC 4291, 2.5.4). */
function toNetwork(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  const rest = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const filled = [...groups, ...Array(Math.max(0, 8 - groups.length - rest.length)).fill('0'), ...rest];
  return filled.slice(0, 4).join(':');
}
