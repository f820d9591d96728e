import type { Config } from '../config/config.ts';
import { createTokenBuckets } from '../state/token-bucket.ts';
import { createSendOnce, type OnAttempt } from './attempt.ts';
import { createLookup } from './connect.ts';
import { createIamClient, type WriteHooks } from './iam-client.ts';
import { createReachability } from './reachability.ts';
import { createConcurrencyLimiter, createSend } from './send.ts';
import { createSingleFlight, type SingleFlightOptions } from './single-flight.ts';
import { createUndiciTransport, type Transport } from './transport.ts';

interface UpstreamHooks extends WriteHooks, Pick<SingleFlightOptions, 'lastWriteAt'> {
  /** Called after every attempt of a call to IAM, for logs and metrics. */
  readonly onAttempt: readonly (OnAttempt | undefined)[];
  /** Called whenever IAM could not be used, with a code of the reason. */
  readonly onUnreachable?: ((reason: string) => void) | undefined;
}

/** IAM as the rest of the gateway sees it. The REST base is `apiGatewayUrl` and `/iam`. */
export function createUpstream(
  apiGatewayUrl: string,
  options: Config['upstream'],
  { onAttempt, onUnreachable, lastWriteAt, ...hooks }: UpstreamHooks,
) {
  // In the URL's normal form, so that it begins with its origin however it was written.
  const { href: baseUrl, origin } = new URL(`${apiGatewayUrl}/iam`);
  const connecting = { ...options, origin, lookup: createLookup() };
  const transport = createUndiciTransport(connecting);
  const acquireSlot = createConcurrencyLimiter({
    total: options.concurrency,
    perRequest: options.concurrencyPerRequest,
  });
  const reachability = createReachability(transport, `${baseUrl}/.well-known/jwks.json`, onUnreachable);
  const sendOnce = createSendOnce({
    ...options,
    baseUrl,
    transport,
    onAttempt: [reachability.onAttempt, ...onAttempt],
  });
  // The retry budget is a rate limit of the process. Without it, retries would triple the load on an API that is down.
  const { retryBudget: rateLimitBurst, retryBudgetPerSecond: rateLimitPerSecond } = options;
  const budget = createTokenBuckets({ rateLimitBurst, rateLimitPerSecond }, { maxCallers: 1 });
  const takeRetry = () => budget('', 1).isConsumed;
  const send = createSend({ ...options, acquireSlot, sendOnce, takeRetry, random: Math.random });
  const reads = createSingleFlight({ lastWriteAt });
  return {
    client: createIamClient(send, reads, hooks),
    /** Counts reads that were started, and reads that were coalesced with one in flight. */
    reads: reads.counts,
    /** Opens the transport for signing in and for the keys of callers. Call at most once. */
    async openSignInTransport(): Promise<Transport> {
      const { createGotTransport } = await import('./got-transport.ts');
      return createGotTransport(connecting);
    },
    whyUnreachable: reachability.whyUnreachable,
    onSignIn: reachability.onSignIn,
    close: transport.close,
  };
}
