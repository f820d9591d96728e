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
 * requested at most once in five seconds. `onUnreachable` is called with the reason for each attempt and each probe without
 * a response, and when IAM counts as unreachable because of its responses.
 */
export function createReachability(
  transport: Transport,
  url: string,
  onUnreachable: (reason: string) => void = () => undefined,
) {
  let failures = 0;
  let signIn = { problem: undefined as string | undefined, atMs: 0 };
  let lastFailure = { reason: '', atMs: 0 };
  let probe: Promise<string | undefined> | undefined;
  let probedAtMs = 0;

  const runProbe = async (): Promise<string | undefined> => {
    let reason: string | undefined;
    try {
      const { status } = await transport({ method: 'GET', url, headers: {}, ...PROBE_LIMITS });
      reason = status < 500 ? undefined : `HTTP ${status}`;
    } catch (error) {
      const failure = error as UpstreamError;
      // The recursion ends, because each try uses up one of the connections that were open before.
      if (failure.staleConnection) return runProbe();
      reason = reasonOf(failure) ?? failure.message;
    }
    if (reason !== undefined) onUnreachable(reason);
    return reason;
  };
  return {
    /** Call it after each attempt of a call to IAM. */
    onAttempt({ failure }: Pick<AttemptReport, 'failure'>): void {
      if (!failure || (failure.kind === 'status' && (failure.status ?? 0) < 500 && !isOfAnother(failure))) {
        failures = 0;
        return;
      }
      const reason = reasonOf(failure);
      if (reason === undefined || failure.staleConnection) return;
      failures++;
      lastFailure = { reason, atMs: performance.now() };
      if (failure.code !== undefined || failures >= MIN_FAILURES) onUnreachable(reason);
    },
    /** Call it after each sign-in, with the problem if it failed: no call can be made without a sign-in. */
    onSignIn(problem: string | undefined): void {
      signIn = { problem, atMs: performance.now() };
    },
    /**
     * Why IAM cannot be used at the moment: a code, or a few words about the sign-in; undefined if it can. Never
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
function reasonOf(failure: UpstreamError): string | undefined {
  const { kind, status, code } = failure;
  if (kind === 'invalid-response' || isOfAnother(failure)) return 'invalid-response';
  return kind === 'status' ? `HTTP ${status}` : code;
}

/** Whether another server than IAM has no such path: the error of IAM has a name. */
function isOfAnother({ status, iamName }: UpstreamError): boolean {
  return status === 404 && iamName === undefined;
}
