import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';

/** A failure as its user should read it: what happened, and what to do. */
export interface Failure {
  readonly title: string;
  readonly advice: string;
  /** Of a write: it may have been done all the same. */
  readonly mayHaveSucceeded: boolean;
}

/** By the codes of the gateway (docs/errors.md), and nothing of their messages. */
const BY_CODE: Readonly<Record<string, readonly [title: string, advice: string]>> = {
  UNAUTHENTICATED: ['You are signed out', 'The credential is not accepted any more. Sign in again.'],
  FORBIDDEN: ['You do not have permission to do this', 'Ask an administrator for it, then try again.'],
  RATE_LIMITED: ['Too many requests', 'Wait a moment, then try again.'],
  OVERLOADED: ['The service is busy', 'Nothing was changed. Wait a moment, then try again.'],
  UPSTREAM_TIMEOUT: ['The service did not answer in time', 'Try again in a moment.'],
  UPSTREAM_UNAVAILABLE: ['The service cannot be reached', 'Try again in a moment.'],
  OPERATION_NOT_TRUSTED: [
    'This version of the console is not known',
    'Reload the page to get the current one.',
  ],
  PERSISTED_QUERY_NOT_FOUND: [
    'This version of the console is not known',
    'Reload the page to get the current one.',
  ],
};

export function toFailure(error: unknown): Failure {
  const extensions = extensionsOf(error);
  const [title, advice] = BY_CODE[String(extensions?.code)] ?? fallback(error, extensions);
  return { title, advice, mayHaveSucceeded: extensions?.mayHaveSucceeded === true || isLost(error) };
}

function extensionsOf(error: unknown): Record<string, unknown> | undefined {
  if (CombinedGraphQLErrors.is(error)) return error.errors[0]?.extensions;
  if (!ServerError.is(error)) return undefined;
  try {
    return JSON.parse(error.bodyText).errors?.[0]?.extensions;
  } catch {
    return undefined;
  }
}

function fallback(
  error: unknown,
  extensions: Record<string, unknown> | undefined,
): readonly [string, string] {
  if (isLost(error)) return ['You are offline', 'The connection was lost. Check it, then try again.'];
  const id = extensions?.requestId ?? extensions?.traceId;
  return [
    'Something went wrong',
    id ? `Try again, or tell support the reference ${id}.` : 'Try again in a moment.',
  ];
}

/** Nothing came back: what `fetch` rejects with, and what a proxy says of a server that is gone. */
function isLost(error: unknown): boolean {
  return error instanceof TypeError || (ServerError.is(error) && extensionsOf(error) === undefined);
}
