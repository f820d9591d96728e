import type { ServerResponse } from 'node:http';
import { HeaderMap } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import { GraphQLError } from 'graphql';
import { type ErrorCode, refusal } from '../errors.ts';
import { createLoopWatch, createShedWatch } from './overload.ts';
import { createRateLimit, type RateLimitOptions } from './rate-limit.ts';
import { errorBody } from './refusal.ts';

export interface AdmissionOptions extends RateLimitOptions {
  /** Requests at once; 0 is no limit. */
  readonly maxInFlight: number;
  readonly maxInFlightPerPrincipal: number;
}

/** Who gets in when there is more than can be done at once. What does not is answered at once, and may come again. */
export interface Admission {
  /** Counts the GraphQL requests of this listener from their head to the last byte of the answer. */
  guard(app: FastifyInstance): void;
  /**
   * Counts a request for its caller until its answer is over. Returns the refusal when the caller asks too often
   * (`RATE_LIMITED`) or has too many under way (`OVERLOADED`).
   */
  admit(principal: string, response: ServerResponse): GraphQLError | undefined;
  /** Whether a load balancer should ask elsewhere for a while. */
  isOverloaded(): boolean;
}

const RETRY_AFTER_SECONDS = 1;
const FULL =
  'The gateway has too much to do at the moment. Wait `retryAfter` seconds before the next request.';
const TOO_OFTEN = 'Too many requests of this caller. Wait `retryAfter` seconds before the next.';
const TOO_MANY = 'Too many requests of this caller are under way. Wait for their answers before the next.';
/** Not one caller but all that are not told apart. For them there is the limit of the process. */
const ANONYMOUS = 'anonymous';

export function createAdmission(options: AdmissionOptions): Admission {
  const { maxInFlight, maxInFlightPerPrincipal } = options;
  const rateLimit = createRateLimit(options);
  let inFlight = 0;
  const byPrincipal = new Map<string, number>();
  const sheds = createShedWatch(() => performance.now());
  const loop = createLoopWatch();

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
      const waitSeconds = rateLimit.take(principal);
      if (waitSeconds !== undefined) return refuse('RATE_LIMITED', TOO_OFTEN, 429, waitSeconds);
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
    },

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

function refuse(code: ErrorCode, message: string, status: number, retryAfter: number): GraphQLError {
  const http = { status, headers: new HeaderMap([['retry-after', String(retryAfter)]]) };
  return new GraphQLError(message, {
    extensions: { ...refusal(code, message).extensions, retryAfter, http },
  });
}
