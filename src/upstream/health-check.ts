import type { Transport } from './transport.ts';

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
