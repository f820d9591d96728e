import type { Reply } from '../reply.ts';
import type { Exchange, FaultTable } from './fault.ts';
import { sendHtml } from './status.ts';

type Members = Record<string, unknown>;

/** Answers with status 200 (or the right one) whose body is not what it should be. */
export const shapeFaults: FaultTable = {
  badjson: ({ response }) => sendText(response, '{"id": "b5df235d", "name": oops'),
  html200: ({ response }) => sendHtml(response, 200, 'Sign in'),
  empty: ({ response }) => sendText(response, ''),
  null: ({ response }) => sendText(response, 'null'),
  array: ({ response }) => sendText(response, '[]'),
  string: ({ response }) => sendText(response, '"token"'),
  '204': ({ send }) => send({ status: 204 }),
  wrongtype: (exchange) => sendChanged(exchange, (item, name) => ({ ...item, [name]: { first: 42 } })),
  missing: (exchange) => sendChanged(exchange, (item, name) => without(item, name)),
  nullfields: (exchange) => sendChanged(exchange, nullBut('id')),
  'unknown-enum': (exchange) => sendChanged(exchange, withUnknownEnum),
  'wrong-id': (exchange) =>
    sendChanged(exchange, (item) => ({ ...item, id: '00000000-0000-4000-8000-00000000beef' })),
  'echo-principal': (exchange) =>
    sendChanged(exchange, (item) => ({ ...item, name: exchange.principal.padEnd(3, '.') })),
};

function sendText(response: Exchange['response'], text: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
}

/** Changes the first item of a list, or the whole of any other answer; `name` is its most telling member. */
async function sendChanged(
  exchange: Exchange,
  change: (item: Members, name: string) => Members,
): Promise<void> {
  const reply = await exchange.answer();
  exchange.send({ ...reply, body: changeFirst(reply, change) });
}

function changeFirst({ body }: Reply, change: (item: Members, name: string) => Members): unknown {
  if (!isMembers(body)) return body;
  for (const list of ['tokens', 'projects']) {
    const items = body[list];
    if (!Array.isArray(items) || !isMembers(items[0])) continue;
    return { ...body, [list]: [change(items[0], 'name'), ...items.slice(1)] };
  }
  return change(body, 'name' in body ? 'name' : (Object.keys(body)[0] ?? 'name'));
}

function without(item: Members, name: string): Members {
  const { [name]: _, ...rest } = item;
  return rest;
}

function nullBut(kept: string): (item: Members) => Members {
  return (item) =>
    Object.fromEntries(Object.entries(item).map(([name, value]) => [name, name === kept ? value : null]));
}

/** An algorithm that came after the client was written; in a project, an effect. */
function withUnknownEnum(item: Members): Members {
  const { authenticationMethod, policy } = item;
  if (isMembers(authenticationMethod)) {
    return { ...item, authenticationMethod: { ...authenticationMethod, signingAlgorithm: 'PS256' } };
  }
  if (!isMembers(policy) || !Array.isArray(policy.statement)) return item;
  const statement = policy.statement.map((line: unknown) =>
    isMembers(line) ? { ...line, effect: 'Audit' } : line,
  );
  return { ...item, policy: { ...policy, statement } };
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
