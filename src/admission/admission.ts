import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { retryableRejection } from '../errors.ts';
import { errorBody } from '../http/error-response.ts';
import { onClose } from '../http/on-close.ts';
import { createLoopWatch, createShedWatch } from './overload.ts';
import { createQuota, type QuotaOptions, type Refusal } from './rate-limiter.ts';

export interface AdmissionOptions extends QuotaOptions {
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
   * (`RATE_LIMITED`) or has too many under way (`OVERLOADED`). A promise only where replicas share the limit.
   */
  admit(principal: string, reply: FastifyReply): Refusal | Promise<Refusal>;
  /** The same for a request that has no caller, by the address it comes from. */
  admitUnknown(address: string, reply: FastifyReply): Refusal;
  /** Takes what an operation costs by its predicted upstream calls; the refusal when its caller has not that much left. */
  charge(principal: string, reply: FastifyReply, upstreamCalls: number): Refusal | Promise<Refusal>;
  /** GraphQL requests under way, and how many were turned away because the process had too many. */
  load(): { readonly inFlight: number; readonly shed: number };
  /** Whether a load balancer should ask elsewhere for a while. */
  isOverloaded(): boolean;
}

const RETRY_AFTER_SECONDS = 1;
const FULL =
  'The gateway has too much to do at the moment. Wait `retryAfter` seconds before the next request.';
const TOO_MANY = 'Too many requests of this caller are under way. Wait for their answers before the next.';
/** Not one caller but all that are not told apart. For them there is the limit of the process. */
const ANONYMOUS = 'anonymous';

export function createAdmission(options: AdmissionOptions): Admission {
  const { maxInFlight, maxInFlightPerPrincipal, rateLimitPerSecond } = options;
  const quota = rateLimitPerSecond > 0 ? createQuota(options) : undefined;
  let inFlight = 0;
  const byPrincipal = new Map<string, number>();
  const sheds = createShedWatch(() => performance.now());
  const loop = createLoopWatch();

  const enter = (principal: string, response: ServerResponse): Refusal => {
    if (maxInFlightPerPrincipal === 0) return undefined;
    const count = byPrincipal.get(principal) ?? 0;
    if (count >= maxInFlightPerPrincipal)
      return retryableRejection('OVERLOADED', TOO_MANY, RETRY_AFTER_SECONDS);
    byPrincipal.set(principal, count + 1);
    onClose(response, () => {
      const left = (byPrincipal.get(principal) ?? 1) - 1;
      // Nothing is kept of callers who are gone.
      if (left > 0) byPrincipal.set(principal, left);
      else byPrincipal.delete(principal);
    });
    return undefined;
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
        onClose(reply.raw, () => {
          inFlight--;
        });
        done();
      });
    },

    admit(principal, reply) {
      if (principal === ANONYMOUS) return undefined;
      const refused = quota?.enter(principal, reply);
      if (refused instanceof Promise)
        return refused.then((refusal) => refusal ?? enter(principal, reply.raw));
      return refused ?? enter(principal, reply.raw);
    },

    admitUnknown: (address, reply) => quota?.enterUnknown(address, reply),

    charge: (principal, reply, upstreamCalls) =>
      principal === ANONYMOUS ? undefined : quota?.charge(principal, reply, upstreamCalls),

    load: () => ({ inFlight, shed: sheds.total() }),

    // One caller with too many requests is no reason to send all others elsewhere, so those do not count.
    isOverloaded: () => sheds.areMany() || loop.isLate(),
  };
}

function isCounted(method: string): boolean {
  return method === 'POST' || method === 'GET';
}
