import type { Config } from '../config/config.ts';
import { createTokenBuckets } from '../state/token-bucket.ts';
import { type AttemptReport, createSendOnce } from './attempt.ts';
import type { Deadline } from './cancellation.ts';
import { createConcurrencyLimiter } from './concurrency-limiter.ts';
import type { createGotTransport } from './got-transport.ts';
import { createHostAddresses } from './host-addresses.ts';
import { createIamClient, type IamClient, type WriteHooks } from './iam-client.ts';
import { createReachability, type Reachability } from './reachability.ts';
import { createSend } from './send.ts';
import { createSingleFlight, type SingleFlight } from './single-flight.ts';
import type { Transport } from './transport.ts';
import { createUndiciTransport } from './undici-transport.ts';

interface UpstreamHooks extends WriteHooks {
  /** Called after every attempt of a call to the API. */
  readonly onAttempt?: ((report: AttemptReport) => void) | undefined;
  /** Called whenever the API could not be reached, with a code as of `UpstreamError`. */
  readonly onUnreachable?: ((code: string) => void) | undefined;
}

/** The IAM API as the rest of the gateway sees it. */
interface Upstream extends Pick<Reachability, 'whyUnreachable' | 'onSignIn'> {
  readonly client: IamClient;
  /** Opens the transport for signing in and for the keys of callers. Call at most once. */
  openSignInTransport(): Promise<Transport>;
  /** Counts reads that were started, and reads that were coalesced with one in flight. */
  readonly reads: SingleFlight<Deadline>['counts'];
  close(): Promise<void>;
}

/** Connects the parts of this folder. The REST base is `apiGatewayUrl` and `/iam`. */
export function createUpstream(
  apiGatewayUrl: string,
  options: Config['upstream'],
  { onAttempt, onUnreachable, ...hooks }: UpstreamHooks,
): Upstream {
  const { concurrency, concurrencyPerRequest, connectTimeoutMs, idleSocketMs } = options;
  // In the URL's normal form, so that it begins with its origin however it was written.
  const { href: baseUrl, origin } = new URL(`${apiGatewayUrl}/iam`);
  const connecting = { connectTimeoutMs, idleSocketMs, hosts: createHostAddresses() };
  const transport = createUndiciTransport({ ...connecting, origin, maxAgeMs: options.connectionMaxAgeMs });
  let signInTransport: ReturnType<typeof createGotTransport> | undefined;
  const limiter = createConcurrencyLimiter({ total: concurrency, perOwner: concurrencyPerRequest });
  const reachability = createReachability(transport, `${baseUrl}/.well-known/jwks.json`, onUnreachable);
  const sendOnce = createSendOnce({
    ...options,
    baseUrl,
    transport,
    limiter,
    now: Date.now,
    onAttempt(report) {
      reachability.onAttempt(report);
      onAttempt?.(report);
    },
  });
  // One bucket for the whole process: without it, retries would triple the load on an API that is down.
  const { retryBudget: rateLimitBurst, retryBudgetPerSecond: rateLimitPerSecond } = options;
  const budget = createTokenBuckets({ rateLimitBurst, rateLimitPerSecond });
  const takeRetry = () => budget('', 1).waitSeconds === 0;
  const send = createSend({ ...options, sendOnce, takeRetry, random: Math.random });
  const reads = createSingleFlight<Deadline>();
  return {
    client: createIamClient(send, reads, hooks),
    reads: reads.counts,
    async openSignInTransport() {
      const { createGotTransport } = await import('./got-transport.ts');
      signInTransport = createGotTransport(connecting);
      return signInTransport;
    },
    whyUnreachable: reachability.whyUnreachable,
    onSignIn: reachability.onSignIn,
    async close() {
      signInTransport?.close();
      await transport.close();
    },
  };
}
