import { readFileSync } from 'node:fs';
import { leakCanaries } from '../../src/emulator/fault-responses.ts';
import type { Reply } from './load.ts';

/** The error codes of docs/client-guide.md, except the one for an unexpected error. */
const CODES = new Set(
  [...readFileSync('docs/client-guide.md', 'utf8').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code),
);
CODES.delete('INTERNAL_SERVER_ERROR');

/** Names of errors of Node.js and its HTTP libraries, and lines of a stack. */
const INTERNALS = /\bE(CONN|PIPE|AI_|HOST|NOTFOUND|TIMEDOUT)|UND_ERR|HPE_|\.[jt]s:\d|node_modules|undici/;

/**
 * What is wrong with a response, whatever the request was: it must be JSON, each error needs a code of the list, 5xx is
 * only for `OVERLOADED`, and it must contain none of `secrets` and nothing internal of the gateway or IAM.
 */
export function problemsOf(reply: Reply, secrets: readonly string[]): string[] {
  const codes = codesOf(reply);
  if (codes === undefined) return ['not JSON'];
  const isOverload = reply.status === 503 && codes.every((code) => code === 'OVERLOADED');
  return [
    ...codes.filter((code) => !CODES.has(code)).map((code) => `code ${code}`),
    ...(reply.status >= 500 && !isOverload ? [`status ${reply.status}`] : []),
    ...[...secrets, ...leakCanaries].filter((secret) => reply.text.includes(secret)),
    ...(INTERNALS.test(reply.text) ? ['internals'] : []),
  ];
}

/** The codes of the errors of a response; undefined when it is not JSON. */
export function codesOf({ text }: Reply): string[] | undefined {
  try {
    const { errors = [] } = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] };
    return errors.map(({ extensions }) => String(extensions?.code));
  } catch {
    return undefined;
  }
}
