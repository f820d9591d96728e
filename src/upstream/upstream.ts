import { type AttemptReport, createSendOnce } from './attempt.ts';
import type { Deadline } from './cancellation.ts';
import { shareReads, type WriteHooks } from './coalesce-reads.ts';
import { type ConcurrencyLimiter, createConcurrencyLimiter } from './concurrency-limiter.ts';
import { createGotTransport } from './got-transport.ts';
import { createHostAddresses } from './host-addresses.ts';
import { createIamClient, type IamClient } from './iam-client.ts';
import { createRetryBudget, createSend } from './send.ts';
import { createSingleFlight, type SingleFlight } from './single-flight.ts';
import type { Transport } from './transport.ts';
import { createUndiciTransport } from './undici-transport.ts';

/** Times in milliseconds. */
export interface UpstreamOptions {
  /** Scheme, host and port; the REST base is this and `/iam`. */
  readonly apiGatewayUrl: string;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly retries: number;
  readonly retryBudget: number;
  readonly retryBudgetPerSecond: number;
  readonly retryAfterMaxMs: number;
  readonly idleSocketMs: number;
  readonly connectionMaxAgeMs: number;
  readonly concurrency: number;
  readonly concurrencyPerRequest: number;
}

interface UpstreamHooks extends WriteHooks {
  /** Called after every attempt of a call to the API. */
  readonly onAttempt?: ((report: AttemptReport) => void) | undefined;
}

/** The IAM API as the rest of the gateway sees it. */
export interface Upstream {
  readonly client: IamClient;
  /** For signing in and for the keys of callers. */
  readonly signInTransport: Transport;
  readonly limiter: ConcurrencyLimiter;
  /** How many reads were asked of the API, and how many were answered along with another. */
  readonly reads: SingleFlight<Deadline>['counts'];
  /** Whether the API answers at all. */
  isReachable(): Promise<boolean>;
  close(): Promise<void>;
}

/** Connects the parts of this folder. */
export function createUpstream(
  options: UpstreamOptions,
  { onAttempt, onWrite, afterWrite }: UpstreamHooks,
): Upstream {
  const { concurrency, concurrencyPerRequest, connectTimeoutMs, idleSocketMs } = options;
  const { connectionMaxAgeMs: maxAgeMs } = options;
  // In the URL's normal form, so that it begins with its origin however it was written.
  const { href: baseUrl, origin } = new URL(`${options.apiGatewayUrl}/iam`);
  const hosts = createHostAddresses();
  const iamTransport = createUndiciTransport({ origin, connectTimeoutMs, idleSocketMs, maxAgeMs, hosts });
  const signInTransport = createGotTransport({ connectTimeoutMs, idleSocketMs, hosts });
  const limiter = createConcurrencyLimiter({ total: concurrency, perOwner: concurrencyPerRequest });
  const sendOnce = createSendOnce(
    { ...options, baseUrl },
    { transport: iamTransport, limiter, now: Date.now, onAttempt },
  );
  const retryBudget = createRetryBudget({
    size: options.retryBudget,
    perSecond: options.retryBudgetPerSecond,
    now: performance.now.bind(performance),
  });
  const client = createIamClient(createSend(options, { sendOnce, retryBudget, random: Math.random }));
  const reads = createSingleFlight<Deadline>();
  return {
    client: shareReads(client, reads, { onWrite, afterWrite }),
    reads: reads.counts,
    signInTransport,
    limiter,
    isReachable: createReachability(iamTransport, `${baseUrl}/.well-known/jwks.json`),
    async close() {
      signInTransport.close();
      await iamTransport.close();
    },
  };
}

const MAX_AGE_MS = 5000;
const LIMITS = { timeoutMs: 1500, maxBytes: 1_000_000 } as const;

/**
 * Whether anybody answers at `url`: any answer but a server's error will do. Asked at most once in five seconds, however
 * many want to know. Never rejects.
 */
export function createReachability(transport: Transport, url: string): () => Promise<boolean> {
  let answer: Promise<boolean> | undefined;
  let askedAt = 0;
  const ask = () =>
    transport({ method: 'GET', url, headers: {}, ...LIMITS }).then(
      ({ status }) => status < 500,
      () => false,
    );
  return () => {
    const now = performance.now();
    if (!answer || now - askedAt > MAX_AGE_MS) {
      askedAt = now;
      answer = ask();
    }
    return answer;
  };
}
