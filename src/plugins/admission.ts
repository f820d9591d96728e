import type { ServerResponse } from 'node:http';
import { HeaderMap } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import { GraphQLError } from 'graphql';
import { type ErrorCode, refusal } from '../errors.ts';
import type { SharedBucket } from '../state/shared-bucket.ts';
import { createLoopWatch, createShedWatch } from './overload.ts';
import { createRateLimit, type RateLimitOptions } from './rate-limit.ts';
import { errorBody } from './refusal.ts';

export interface AdmissionOptions extends RateLimitOptions {
  /** Requests at once; 0 is no limit. */
  readonly maxInFlight: number;
  readonly maxInFlightPerPrincipal: number;
  /** The rate limit of all replicas. While it is away each has its own. */
  readonly shared?: { readonly take: SharedBucket; readonly onFallback: () => void } | undefined;
}

/** Who gets in when there is more than can be done at once. What does not is answered at once, and may come again. */
export interface Admission {
  /** Counts the GraphQL requests of this listener from their head to the last byte of the answer. */
  guard(app: FastifyInstance): void;
  /**
   * Counts a request for its caller until its answer is over. Returns the refusal when the caller asks too often
   * (`RATE_LIMITED`) or has too many under way (`OVERLOADED`). A promise only where replicas share the limit.
   */
  admit(principal: string, response: ServerResponse): Refusal | Promise<Refusal>;
  /** GraphQL requests under way, and how many were turned away because the process had too many. */
  load(): { readonly inFlight: number; readonly shed: number };
  /** Whether a load balancer should ask elsewhere for a while. */
  isOverloaded(): boolean;
}

type Refusal = GraphQLError | undefined;

const RETRY_AFTER_SECONDS = 1;
const FULL =
  'The gateway has too much to do at the moment. Wait `retryAfter` seconds before the next request.';
const TOO_OFTEN = 'Too many requests of this caller. Wait `retryAfter` seconds before the next.';
const TOO_MANY = 'Too many requests of this caller are under way. Wait for their answers before the next.';
/** Not one caller but all that are not told apart. For them there is the limit of the process. */
const ANONYMOUS = 'anonymous';

export function createAdmission(options: AdmissionOptions): Admission {
  const { maxInFlight, maxInFlightPerPrincipal, rateLimitPerSecond, rateLimitBurst, shared } = options;
  const rateLimit = createRateLimit(options);
  let inFlight = 0;
  const byPrincipal = new Map<string, number>();
  const sheds = createShedWatch(() => performance.now());
  const loop = createLoopWatch();
  const windowSeconds = Math.ceil(rateLimitBurst / rateLimitPerSecond);

  const refuseRate = (waitSeconds: number): GraphQLError =>
    refuse('RATE_LIMITED', TOO_OFTEN, 429, waitSeconds, [
      ['ratelimit-policy', `"default";q=${rateLimitBurst};w=${windowSeconds}`],
      ['ratelimit', `"default";r=0;t=${waitSeconds}`],
    ]);
  const enter = (principal: string, response: ServerResponse): Refusal => {
    if (maxInFlightPerPrincipal === 0) return undefined;
    const count = byPrincipal.get(principal) ?? 0;
    if (count >= maxInFlightPerPrincipal) return refuse('OVERLOADED', TOO_MANY, 503, RETRY_AFTER_SECONDS);
    byPrincipal.set(principal, count + 1);
    onceOver(response, () => {
      const left = (byPrincipal.get(principal) ?? 1) - 1;
      // Nothing is kept of callers who are gone.
      if (left > 0) byPrincipal.set(principal, left);
      else byPrincipal.delete(principal);
    });
    return undefined;
  };
  const admitHere = (principal: string, response: ServerResponse): Refusal => {
    const waitSeconds = rateLimit.take(principal);
    return waitSeconds === undefined ? enter(principal, response) : refuseRate(waitSeconds);
  };
  const admitAmongReplicas = async (
    { take, onFallback }: NonNullable<typeof shared>,
    principal: string,
    response: ServerResponse,
  ): Promise<Refusal> => {
    let waitSeconds: number | undefined;
    try {
      waitSeconds = await take(principal);
    } catch {
      onFallback();
      return admitHere(principal, response);
    }
    return waitSeconds === undefined ? enter(principal, response) : refuseRate(waitSeconds);
  };

  return {
    guard(app) {
      loop.start();
      app.addHook('onClose', async () => loop.stop());
      app.addHook('onRequest', (request, reply, done) => {
        if (request.routeOptions.url !== '/graphql' || !isCounted(request.method)) return done();
        if (maxInFlight > 0 && inFlight >= maxInFlight) {
          sheds.add();
          const body = errorBody('OVERLOADED', FULL, { retryAfter: RETRY_AFTER_SECONDS });
          reply.code(503).header('retry-after', String(RETRY_AFTER_SECONDS)).send(body);
          return;
        }
        inFlight++;
        onceOver(reply.raw, () => {
          inFlight--;
        });
        done();
      });
    },

    admit(principal, response) {
      if (principal === ANONYMOUS) return undefined;
      return shared && rateLimitPerSecond > 0
        ? admitAmongReplicas(shared, principal, response)
        : admitHere(principal, response);
    },

    load: () => ({ inFlight, shed: sheds.total() }),

    // One caller with too many requests is no reason to send all others elsewhere, so those do not count.
    isOverloaded: () => sheds.areMany() || loop.isLate(),
  };
}

function isCounted(method: string): boolean {
  return method === 'POST' || method === 'GET';
}

/** Every response closes, sent or not. It may have closed already: the client need not wait for us. */
function onceOver(response: ServerResponse, release: () => void): void {
  if (response.destroyed) release();
  else response.once('close', release);
}

function refuse(
  code: ErrorCode,
  message: string,
  status: number,
  retryAfter: number,
  more: [string, string][] = [],
): GraphQLError {
  const http = { status, headers: new HeaderMap([['retry-after', String(retryAfter)], ...more]) };
  return new GraphQLError(message, {
    extensions: { ...refusal(code, message).extensions, retryAfter, http },
  });
}
