import type { Config } from '../config/config.ts';
import type { Deadline } from './cancellation.ts';
import { toStatusError } from './parse-response.ts';
import type { HttpRequest, Transport } from './transport.ts';
import { UpstreamError } from './upstream-error.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * The calls of one GraphQL request. Its creator keeps it, rather than a map of all queues: V8 keeps deleted entries of a
 * long-lived map until its next major collection.
 */
export interface CallQueue {
  running: number;
  readonly waiting: { start(): void }[];
}

export function createCallQueue(): CallQueue {
  return { running: 0, waiting: [] };
}

/** The request and the caller that a call is made for, and its limits. */
export interface Scope {
  /** The number of calls that one queue runs at once is limited. */
  readonly queue: CallQueue;
  readonly credential: UpstreamCredential;
  readonly deadline: Deadline;
  /** Trace context and request id; nothing else of the client's headers goes upstream. */
  readonly headers: Headers;
  /** False: the calls of this scope start their own reads and are not coalesced with reads in flight. */
  readonly isShared?: boolean | undefined;
  /** Counts the attempts of all calls of this scope. */
  readonly counter?: { upstreamCalls: number } | undefined;
  readonly observer?: CallObserver | undefined;
}

/** The same scope with another deadline. Not copied by a spread, because every call reads the copy and would be slower. */
export function withDeadline(scope: Scope, deadline: Deadline): Scope {
  const { queue, credential, headers, isShared, counter, observer } = scope;
  return { queue, credential, deadline, headers, isShared, counter, observer };
}

/** Called as an attempt starts. The `headers` that it returns are sent with the call, in place of others of that name. */
export type CallObserver = (
  call: Call,
  attempt: number,
) => { readonly headers?: Headers; end(report: AttemptReport): void };

/** The part of a credential that calls need. */
export interface UpstreamCredential {
  /** Distinguishes callers. Reads in flight are shared under it, so it is never shorter than a full SHA-256 (hex). */
  readonly identity: string;
  /** True for the gateway's own credential, which no client can replace. */
  readonly isOwn?: true;
  authorization(): Promise<string> | string;
  /** Call it after IAM responded 401 to `rejected`. Resolves to another value, or to undefined when there is none. */
  renew(rejected: string): Promise<string | undefined>;
}

export interface Call<Value = unknown> {
  readonly operation: string;
  readonly method: HttpRequest['method'];
  /** Appended to the base URL, with its query. */
  readonly path: string;
  readonly body?: unknown;
  /** The value in the body of a successful response. Throws an `UpstreamError` when the body is not one of IAM. */
  readonly parse: (body: string) => Value;
}

interface AttemptOptions
  extends Pick<Config['upstream'], 'readTimeoutMs' | 'writeTimeoutMs' | 'maxResponseBytes'> {
  /** The base URL of IAM, including `/iam`. */
  readonly baseUrl: string;
  readonly transport: Transport;
  /** All are called after every attempt that was made. A call that ends in the queue makes none. */
  readonly onAttempt: readonly (OnAttempt | undefined)[];
}

export type OnAttempt = (report: AttemptReport) => void;

export interface AttemptReport {
  readonly operation: string;
  /** The number of the attempt, from 0. */
  readonly attempt: number;
  readonly status: number | undefined;
  readonly failure: UpstreamError | undefined;
  readonly durationMs: number;
  /** The headers of the scope, which identify the request and the trace. */
  readonly headers: Headers;
}

/**
 * Makes one attempt. Resolves to the value of a 2xx response; rejects with an `UpstreamError`. No retries: `send.ts` decides
 * about them.
 */
export type SendOnce = <Value>(
  scope: Scope,
  call: Call<Value>,
  authorization: string,
  attempt: number,
) => Promise<Value>;

export function createSendOnce(options: AttemptOptions): SendOnce {
  const { transport, onAttempt } = options;

  const toRequest = (scope: Scope, call: Call, authorization: string, more?: Headers): HttpRequest => {
    const isRead = call.method === 'GET';
    // Spread members come last: V8 creates an object that begins with a spread twenty times as slowly.
    const headers: Record<string, string> = {
      accept: 'application/json',
      authorization,
      ...scope.headers,
      ...more,
    };
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    return {
      method: call.method,
      url: options.baseUrl + call.path,
      headers,
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      timeoutMs: isRead ? options.readTimeoutMs : options.writeTimeoutMs,
      maxBytes: options.maxResponseBytes,
      // The cancellation, not the timeout, ends an attempt at its deadline, because requests that are coalesced with a read
      // may have more time left. Reads are also cancelled when their client disconnects. Cancelling a write would only make
      // its outcome unknown.
      cancellation: isRead ? scope.deadline.cancellation : scope.deadline.expired,
    };
  };
  return async (scope, call, authorization, attempt) => {
    const { counter, observer, headers } = scope;
    if (counter) counter.upstreamCalls++;
    const startedAt = performance.now();
    const observed = observer?.(call, attempt);
    const report = (status: number | undefined, failure?: UpstreamError) => {
      const durationMs = performance.now() - startedAt;
      const ended = { operation: call.operation, attempt, status, failure, durationMs, headers };
      observed?.end(ended);
      for (const observe of onAttempt) observe?.(ended);
    };
    try {
      const response = await transport(toRequest(scope, call, authorization, observed?.headers));
      if (response.status < 200 || response.status > 299)
        throw toStatusError(response, scope.credential.isOwn && authorization.replace('Bearer ', ''));
      const value = call.parse(response.body);
      report(response.status);
      return value;
    } catch (error) {
      if (error instanceof UpstreamError) report(error.status, error);
      throw error;
    }
  };
}
