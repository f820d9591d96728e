import type { AttemptReport } from './attempt.ts';
import type { Transport } from './transport.ts';
import type { UpstreamError } from './upstream-error.ts';

const PROBE_MAX_AGE_MS = 5000;
const PROBE_LIMITS = { timeoutMs: 1500, maxBytes: 1_000_000 } as const;
/** After this many failures in a row IAM counts as unreachable, even if the probe succeeds. */
const MIN_FAILURES = 3;
/** Older failures say nothing about the present state. */
const FAILURES_MAX_AGE_MS = 30_000;

/**
 * Whether IAM can be used, judged by the results of calls and by a probe of `url`, which needs no credential and is
 * requested at most once in five seconds. `onUnreachable` is called for each attempt and each probe without a response.
 */
export function createReachability(
  transport: Transport,
  url: string,
  onUnreachable: (code: string) => void = () => undefined,
) {
  let failures = 0;
  let signIn = { problem: undefined as string | undefined, atMs: 0 };
  let lastFailure = { reason: '', atMs: 0 };
  let probe: Promise<string | undefined> | undefined;
  let probedAtMs = 0;

  const runProbe = async (): Promise<string | undefined> => {
    try {
      const { status } = await transport({ method: 'GET', url, headers: {}, ...PROBE_LIMITS });
      return status < 500 ? undefined : `HTTP ${status}`;
    } catch (error) {
      const { code, message, staleConnection } = error as UpstreamError;
      // The recursion ends, because each try uses up one of the connections that were open before.
      if (staleConnection) return runProbe();
      if (code !== undefined) onUnreachable(code);
      return code ?? message;
    }
  };
  return {
    /** Call it after each attempt of a call to IAM. */
    onAttempt({ failure }: Pick<AttemptReport, 'failure'>): void {
      if (!failure || (failure.kind === 'status' && (failure.status ?? 0) < 500)) {
        failures = 0;
        return;
      }
      const reason = reasonOf(failure);
      if (reason === undefined || failure.staleConnection) return;
      failures++;
      lastFailure = { reason, atMs: performance.now() };
      if (failure.code !== undefined) onUnreachable(failure.code);
    },
    /** Call it after each sign-in, with the problem if it failed: no call can be made without a sign-in. */
    onSignIn(problem: string | undefined): void {
      signIn = { problem, atMs: performance.now() };
    },
    /**
     * Why IAM cannot be used at the moment: a code of `UpstreamError` or a few words; undefined if it can. Never
     * rejects.
     */
    async whyUnreachable(): Promise<string | undefined> {
      const now = performance.now();
      if (!probe || now - probedAtMs > PROBE_MAX_AGE_MS) {
        probedAtMs = now;
        probe = runProbe();
      }
      const ofProbe = await probe;
      if (ofProbe !== undefined) return ofProbe;
      if (signIn.problem !== undefined && isRecent(signIn)) return `sign-in: ${signIn.problem}`;
      return failures >= MIN_FAILURES && isRecent(lastFailure) ? lastFailure.reason : undefined;
    },
  };
}

function isRecent({ atMs }: { readonly atMs: number }): boolean {
  return performance.now() - atMs < FAILURES_MAX_AGE_MS;
}

/** Undefined for a failure that says nothing about IAM: the client disconnected, or its time was up. */
function reasonOf({ kind, status, code }: UpstreamError): string | undefined {
  if (kind === 'status') return `HTTP ${status}`;
  if (kind === 'invalid-response') return "responses that are not IAM's";
  return code;
}
