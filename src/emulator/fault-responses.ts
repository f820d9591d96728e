import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { isJsonObject } from '../json.ts';
import type { PagingFault } from './paging.ts';
import { bodyOf, headersOf, type Reply } from './reply.ts';
import type { Operation } from './routes.ts';

/** A request that a fault responds to. */
export interface FaultContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly operation: Operation;
  /** The caller; empty without a valid credential. */
  readonly principal: string;
  /** Counts from 1 the requests of this principal for this URL that got the same fault. */
  countHit(): number;
  readonly origin: string;
  wait(ms: number): Promise<void>;
  /** Carries out the operation at the first call. Every call resolves to its reply. */
  runOperation(pagingFault?: PagingFault): Promise<Reply>;
}

/**
 * Returns the reply, or responds by itself in a way that a reply cannot express. `argument` is the digits in place of N, NNN
 * or SECONDS in the fault's name.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a fault that returns nothing has responded by itself
export type Fault = (context: FaultContext, argument: string) => Promise<Reply | void> | Reply | void;

type Members = Record<string, unknown>;

/** Texts that must never appear in a response of the gateway. */
export const leakCanaries = [
  'LEAK-CANARY-STACK',
  'ip-10-13-7-42.ap-southeast-1.compute.internal',
  'LEAK-CANARY-PRIVATE-KEY',
] as const;

/** An error with internals of IAM in every member. */
export function leakingReply(status: number, name: string): Reply {
  const [stack, host, value] = leakCanaries;
  return {
    status,
    body: {
      name,
      message: `select * from tokens where host = '${host}': ${stack}`,
      httpStatusCode: status,
      traceId: '5d1f6f0e-6f0b-4f5c-9d57-0a4f5be0c0de',
      stack: `Error: ${stack}\n    at Object.handler (/var/task/src/tokens/get.js:42:17)`,
      host,
      details: [{ issue: `connect ECONNREFUSED ${host}:5432`, field: 'd', value }],
    },
  };
}

/** Sends the head of the reply, which says how long its body is, and returns the body. */
async function sendHead({ response, runOperation }: FaultContext, isChunked = false): Promise<Buffer> {
  const reply = await runOperation();
  const body = bodyOf(reply);
  const { 'content-length': length, ...rest } = headersOf(reply, body.length);
  response.writeHead(reply.status, isChunked ? rest : { ...rest, 'content-length': length });
  return body;
}

const halfOf = (body: Buffer) => body.subarray(0, Math.ceil(body.length / 2));

/** The first half of the reply. Then the connection is closed. */
export async function sendHalf(
  context: FaultContext,
  { chunked = false, reset = false } = {},
): Promise<void> {
  const { socket } = context.request;
  const body = await sendHead(context, chunked);
  context.response.write(halfOf(body), () =>
    afterItIsRead(20, () => (reset ? socket.resetAndDestroy() : socket.end())),
  );
}

/**
 * Calls `end` after `ms` milliseconds, when the client has most likely read what was written just before. Otherwise a reset
 * may overtake the data, or arrive together with it, and then Node.js as the client reports an orderly end instead of a
 * reset.
 */
export function afterItIsRead(ms: number, end: () => void): void {
  // In a busy process the timer is due before sockets are read again: a client in this process reads in between.
  setTimeout(() => setImmediate(end), ms).unref();
}

/** The first half of the reply. The rest is never sent. */
export async function hangInBody(context: FaultContext): Promise<void> {
  context.response.write(halfOf(await sendHead(context)));
}

const DRIP_INTERVAL_MS = 200;

/** The reply byte by byte, with a pause after each. */
export async function sendSlowly(context: FaultContext): Promise<void> {
  const { response } = context;
  for (const byte of await sendHead(context)) {
    if (response.destroyed) break;
    response.write(Buffer.of(byte));
    await pause(DRIP_INTERVAL_MS);
  }
  response.end();
}

/** The reply with headers that Node.js refuses to write. */
export async function sendRaw(
  { request: { socket }, runOperation }: FaultContext,
  headers: (length: number) => string,
): Promise<void> {
  const body = bodyOf(await runOperation());
  socket.write(`HTTP/1.1 200 OK\r\n${headers(body.length)}\r\n\r\n`);
  socket.end(body);
}

export function pause(ms: number): Promise<void> {
  return sleep(ms, undefined, { ref: false });
}

const MEGABYTE = 'x'.repeat(1024 * 1024);

/** The reply with ten megabytes in one member. */
export async function hugeReply({ runOperation }: FaultContext, name: string): Promise<Reply> {
  const reply = await runOperation();
  return { ...reply, body: { ...Object(reply.body), [name]: MEGABYTE.repeat(10) } };
}

/** 200 megabytes of JSON, without a length. */
export function sendHugeChunked({ response }: FaultContext): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  pipeline(longJson(200), response, () => undefined);
}

/** 100 megabytes of JSON, compressed to a small response. */
export function sendGzipBomb({ response }: FaultContext): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
  pipeline(longJson(100), createGzip(), response, () => undefined);
}

/** Valid JSON, so that only its size is wrong. */
function* longJson(megabytes: number): Generator<string> {
  yield '{"name":"';
  for (let index = 0; index < megabytes; index += 1) yield MEGABYTE;
  yield '"}';
}

/**
 * Changes the first item of a list, or the whole body of any other reply. `change` gets it, and the name of a member to
 * damage.
 */
export function changeItem(change: (item: Members, name: string, context: FaultContext) => Members): Fault {
  return async (context) => {
    const reply = await context.runOperation();
    const { body } = reply;
    if (!isJsonObject(body)) return reply;
    for (const list of ['tokens', 'projects']) {
      const [first, ...others] = Array.isArray(body[list]) ? body[list] : [];
      if (first) return { ...reply, body: { ...body, [list]: [change(first, 'name', context), ...others] } };
    }
    const [member = 'name'] = Object.keys(body);
    return { ...reply, body: change(body, 'name' in body ? 'name' : member, context) };
  };
}

/** A token with an algorithm, or a project with an effect, that clients do not know yet. */
export function withUnknownEnum(item: Members): Members {
  const unknown: Members = { signingAlgorithm: 'PS256', effect: 'Audit' };
  return JSON.parse(JSON.stringify(item, (name, value) => unknown[name] ?? value));
}
