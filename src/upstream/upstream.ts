import type { Config } from '../config/config.ts';
import { createTokenBuckets } from '../state/token-bucket.ts';
import { type AttemptReport, createSendOnce } from './attempt.ts';
import type { Deadline } from './cancellation.ts';
import { createConcurrencyLimiter } from './concurrency-limiter.ts';
import type { createGotTransport } from './got-transport.ts';
import { createHostAddresses } from './host-addresses.ts';
import { createIamClient, type IamClient, type WriteHooks } from './iam-client.ts';
import { createSend } from './send.ts';
import { createSingleFlight, type SingleFlight } from './single-flight.ts';
import type { Transport } from './transport.ts';
import { createUndiciTransport } from './undici-transport.ts';

interface UpstreamHooks extends WriteHooks {
  /** Called after every attempt of a call to the API. */
  readonly onAttempt?: ((report: AttemptReport) => void) | undefined;
}

/** The IAM API as the rest of the gateway sees it. */
export interface Upstream {
  readonly client: IamClient;
  /** Opens the transport for signing in and for the keys of callers. Call at most once. */
  openSignInTransport(): Promise<Transport>;
  /** Counts reads that were started, and reads that were coalesced with one in flight. */
  readonly reads: SingleFlight<Deadline>['counts'];
  /** Whether the API responds at all. */
  isReachable(): Promise<boolean>;
  close(): Promise<void>;
}

/** Connects the parts of this folder. The REST base is `apiGatewayUrl` and `/iam`. */
export function createUpstream(
  apiGatewayUrl: string,
  options: Config['upstream'],
  { onAttempt, ...hooks }: UpstreamHooks,
): Upstream {
  const { concurrency, concurrencyPerRequest, connectTimeoutMs, idleSocketMs } = options;
  // In the URL's normal form, so that it begins with its origin however it was written.
  const { href: baseUrl, origin } = new URL(`${apiGatewayUrl}/iam`);
  const connecting = { connectTimeoutMs, idleSocketMs, hosts: createHostAddresses() };
  const transport = createUndiciTransport({ ...connecting, origin, maxAgeMs: options.connectionMaxAgeMs });
  let signInTransport: ReturnType<typeof createGotTransport> | undefined;
  const limiter = createConcurrencyLimiter({ total: concurrency, perOwner: concurrencyPerRequest });
  const sendOnce = createSendOnce({ ...options, baseUrl, transport, limiter, now: Date.now, onAttempt });
  // One bucket for the whole process: without it, retries would triple the load on an API that is down.
  const { retryBudget: rateLimitBurst, retryBudgetPerSecond: rateLimitPerSecond } = options;
  const budget = createTokenBuckets({ rateLimitBurst, rateLimitPerSecond });
  const takeRetry = () => budget.take('', 1).waitSeconds === 0;
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
    isReachable: createReachability(transport, `${baseUrl}/.well-known/jwks.json`),
    async close() {
      signInTransport?.close();
      await transport.close();
    },
  };
}

const MAX_AGE_MS = 5000;
const LIMITS = { timeoutMs: 1500, maxBytes: 1_000_000 } as const;

/** Whether `url` responds with anything but a server error. Requested at most once in five seconds. Never rejects. */
function createReachability(transport: Transport, url: string): () => Promise<boolean> {
  let result: Promise<boolean> | undefined;
  let requestedAt = 0;
  const request = () =>
    transport({ method: 'GET', url, headers: {}, ...LIMITS }).then(
      ({ status }) => status < 500,
      () => false,
    );
  return () => {
    const now = performance.now();
    if (!result || now - requestedAt > MAX_AGE_MS) {
      requestedAt = now;
      result = request();
    }
    return result;
  };
}
