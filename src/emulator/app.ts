import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Control, isControlPath } from './control.ts';
import type { Credentials } from './credentials.ts';
import { type FaultBook, findFault, unknownFault } from './fault-plan.ts';
import type { PagingFault } from './paging.ts';
import { edgeError, type Reply, sendReply, vendorError } from './reply.ts';
import {
  type Call,
  type Caller,
  type CallLog,
  type Handler,
  readBearer,
  readText,
  toRecordedBody,
} from './request.ts';
import { findRoute, type Operation, type Route } from './routes.ts';

export interface AppParts {
  readonly handlers: Readonly<Record<Operation, Handler>>;
  readonly credentials: Credentials;
  readonly faults: FaultBook;
  readonly callLog: CallLog;
  readonly control: Control;
  readonly redirectOrigin: string;
}

/** These need no bearer: one is public, the other is where bearers come from. */
const PUBLIC: ReadonlySet<Operation> = new Set(['createAccessToken', 'getWellKnownJwks']);

/** Records each request, finds its operation and its fault, and carries out both. */
export function createApp(parts: AppParts): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    receive(parts, request, response).catch(() => {
      // The client went while it was sending, or the data file could not be written: then nothing is acknowledged.
      sendReply(response, vendorError('UnexpectedError'));
    });
  };
}

async function receive(parts: AppParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request;
  const [path = '', ...rest] = url.split('?');
  if (isControlPath(path)) {
    sendReply(response, await parts.control(method, path, (await readText(request)) ?? ''));
    return;
  }
  const call: Call = { method, path, query: rest.join('?'), headers };
  parts.callLog.add(call);
  const text = await readText(request);
  const body = toRecordedBody(text ?? '');
  if (body !== undefined) call.body = body;

  const route = findRoute(method, path);
  if (route === undefined) return sendReply(response, edgeError(404, 'Not Found'));
  call.operation = route.operation;
  if (text === undefined) return sendReply(response, edgeError(413, 'Request Too Long'));
  await operate(parts, { request, response }, { call, route, text });
}

async function operate(
  { credentials, faults, handlers, redirectOrigin }: AppParts,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  { call, route, text }: { readonly call: Call; readonly route: Route; readonly text: string },
): Promise<void> {
  const { operation, tokenId = '' } = route;
  const credential = readBearer(request.headers.authorization);
  const caller = await identify(credentials, operation, credential?.bearer);
  if (!('status' in caller) && !PUBLIC.has(operation)) call.principal = caller.principal;

  const origin = `http://${request.headers.host ?? 'localhost'}`;
  const carryOut = async (pagingFault?: PagingFault): Promise<Reply> => {
    if ('status' in caller) return caller;
    const query = new URLSearchParams(call.query);
    const contentType = request.headers['content-type'] ?? '';
    const bent = pagingFault === undefined ? {} : { pagingFault };
    return handlers[operation]({ caller, tokenId, query, contentType, text, origin, ...bent });
  };
  let reply: Promise<Reply> | undefined;
  const answer = (pagingFault?: PagingFault) => {
    reply ??= carryOut(pagingFault);
    return reply;
  };
  const send = (wrong: Reply) => sendReply(response, wrong);

  const name = findFaultName(faults, call, route, credential?.fault);
  if (name === undefined) return send(await answer());
  const fault = findFault(name);
  if (fault === undefined) return send(edgeError(400, unknownFault(name).message));
  const { principal = '' } = call;
  const exchange = { request, response, operation, principal, origin, redirectOrigin, answer, send };
  await fault(exchange, faults.countHit([name, principal, request.method, request.url].join(' ')));
}

/** The nearer to the request, the stronger: its header, its bearer, the plan, the token's id. */
function findFaultName(
  faults: FaultBook,
  { headers, principal }: Call,
  { operation, tokenId }: Route,
  ofBearer?: string,
): string | undefined {
  const header = headers['x-emulator-fault'];
  if (typeof header === 'string') return header;
  if (ofBearer !== undefined) return ofBearer;
  const planned = faults.take({ operation, tokenId, principal });
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
