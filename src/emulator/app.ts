import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call, CallLog } from './calls.ts';
import { type Control, isControlPath } from './control.ts';
import type { Credentials } from './credentials.ts';
import type { FaultBook } from './fault-plan.ts';
import { findFault, unknownFault } from './faults.ts';
import type { Caller, Handler } from './operation.ts';
import type { PagingFault } from './paging.ts';
import { readBearer, readText, toRecordedBody } from './receive.ts';
import { edgeError, type Reply, vendorError } from './reply.ts';
import { findRoute, type Operation, type Route } from './routes.ts';
import { sendReply } from './send.ts';

export interface AppParts {
  readonly handlers: Readonly<Record<Operation, Handler>>;
  readonly credentials: Credentials;
  readonly faults: FaultBook;
  readonly callLog: CallLog;
  readonly control: Control;
  readonly redirectOrigin: string;
}

/** Of these the bearer is not asked for: one is public, the other is where bearers come from. */
const PUBLIC: ReadonlySet<Operation> = new Set(['createAccessToken', 'getWellKnownJwks']);

/** What answers a request: records it, finds the operation and the fault, and carries out what is left of both. */
export function createApp(parts: AppParts): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answer(parts, request, response).catch(() => {
      // The client went while it was sending, or the data file could not be written: then nothing is acknowledged.
      sendReply(response, vendorError('UnexpectedError'));
    });
  };
}

async function answer(parts: AppParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request;
  const [path = '', query = ''] = splitOnce(url, '?');
  if (isControlPath(path)) {
    sendReply(response, await parts.control(method, path, (await readText(request)) ?? ''));
    return;
  }
  const call: Call = { method, path, query, headers };
  parts.callLog.add(call);
  const text = await readText(request);
  const body = toRecordedBody(text ?? '');
  if (body !== undefined) call.body = body;

  const route = findRoute(method, path);
  if (route === undefined) return sendReply(response, edgeError(404, 'Not Found'));
  call.operation = route.operation;
  if (text === undefined) return sendReply(response, edgeError(413, 'Request Too Long'));
  await operate(parts, { request, response, call, route, text });
}

interface Incoming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly call: Call;
  readonly route: Route;
  readonly text: string;
}

async function operate(parts: AppParts, incoming: Incoming): Promise<void> {
  const { request, response, call, route, text } = incoming;
  const { operation, tokenId } = route;
  const credential = readBearer(request.headers.authorization);
  const caller = await identify(parts.credentials, operation, credential?.bearer);
  if (!('status' in caller) && !PUBLIC.has(operation)) call.principal = caller.principal;

  const origin = `http://${request.headers.host ?? 'localhost'}`;
  let reply: Promise<Reply> | undefined;
  const answerOnce = (pagingFault?: PagingFault): Promise<Reply> => {
    reply ??= carryOut(parts.handlers[operation], caller, {
      tokenId: tokenId ?? '',
      query: new URLSearchParams(call.query),
      contentType: request.headers['content-type'] ?? '',
      text,
      origin,
      ...(pagingFault === undefined ? {} : { pagingFault }),
    });
    return reply;
  };

  const name = findFaultName(parts.faults, incoming, credential?.fault);
  if (name === undefined) return sendReply(response, await answerOnce());
  const fault = findFault(name);
  if (fault === undefined) return sendReply(response, edgeError(400, unknownFault(name).message));
  const principal = call.principal ?? '';
  const exchange = {
    request,
    response,
    operation,
    principal,
    origin,
    redirectOrigin: parts.redirectOrigin,
    answer: answerOnce,
    send: (wrong: Reply) => sendReply(response, wrong),
  };
  await fault(exchange, parts.faults.countHit([name, principal, request.method, request.url].join(' ')));
}

/** The nearer to the request, the stronger: its header, its bearer, the plan, the token's id. */
function findFaultName(
  faults: FaultBook,
  { request, call, route }: Incoming,
  ofBearer?: string,
): string | undefined {
  const header = request.headers['x-emulator-fault'];
  if (typeof header === 'string') return header;
  if (ofBearer !== undefined) return ofBearer;
  const { operation, tokenId } = route;
  const planned = faults.take({ operation, tokenId, principal: call.principal });
  return planned ?? (tokenId?.startsWith('fault-') ? tokenId.slice('fault-'.length) : undefined);
}

async function identify(
  credentials: Credentials,
  operation: Operation,
  bearer: string | undefined,
): Promise<Caller | Reply> {
  if (PUBLIC.has(operation)) return { principal: '' };
  const caller = bearer === undefined ? 'jwt-missing' : await credentials.check(bearer);
  if (typeof caller !== 'string') return caller;
  return vendorError('InvalidJwtTokenError', { details: [{ issue: caller }] });
}

async function carryOut(
  handler: Handler,
  caller: Caller | Reply,
  request: Omit<Parameters<Handler>[0], 'caller'>,
): Promise<Reply> {
  return 'status' in caller ? caller : handler({ ...request, caller });
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
