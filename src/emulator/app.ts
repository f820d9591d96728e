import type { IncomingMessage, ServerResponse } from 'node:http';
import { CONTROL_PREFIX, control } from './control.ts';
import { findFault, unknownFault } from './faults.ts';
import type { PagingFault } from './paging.ts';
import { projectOperations } from './projects.ts';
import { edgeError, Rejection, type Reply, sendReply, vendorError } from './reply.ts';
import type { Call, Caller, Handler, OperationRequest, Service } from './request.ts';
import { findRoute, type Operation, type Route } from './routes.ts';
import { createSignIn } from './sign-in.ts';
import { tokenOperations } from './tokens.ts';

type App = (request: IncomingMessage, response: ServerResponse) => void;

/** These need no bearer: the key set is public, and the token endpoint is where bearers come from. */
const PUBLIC: ReadonlySet<Operation> = new Set(['createAccessToken', 'getWellKnownJwks']);

/** Records each request, and responds with the result of its operation or with the fault that applies to it. */
export function createApp(service: Service): App {
  const handlers = { ...tokenOperations, ...projectOperations, createAccessToken: createSignIn() };
  return (request, response) => {
    const isControl = request.url?.startsWith(CONTROL_PREFIX);
    const received = isControl
      ? receiveControl(service, request, response)
      : receive(service, handlers, request, response);
    received.catch(() => {
      // The client disconnected while it was sending, or the data file could not be written, so nothing is acknowledged.
      sendReply(response, vendorError('UnexpectedError'));
    });
  };
}

async function receiveControl(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '' } = request;
  const [path = ''] = url.slice(CONTROL_PREFIX.length).split('?', 1);
  const text = (await readText(request)) ?? '';
  sendReply(response, await control(service, method, path, text));
}

type Handlers = Readonly<Record<Operation, Handler>>;

async function receive(
  service: Service,
  handlers: Handlers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '', headers } = request;
  const [path = '', ...rest] = url.split('?');
  const { calls, maxCalls } = service;
  const call: Call = { method, path, query: rest.join('?'), headers };
  if (calls.length >= 2 * maxCalls) calls.splice(0, calls.length - maxCalls);
  calls.push(call);
  const text = await readText(request);
  if (text) call.body = parseIfJson(text);

  const route = findRoute(method, path);
  if (route === undefined) return sendReply(response, edgeError(404, 'Not Found'));
  const { operation, tokenId = '' } = route;
  call.operation = operation;
  if (text === undefined) return sendReply(response, edgeError(413, 'Request Too Long'));

  const { bearer, fault } = readBearer(headers.authorization);
  const isPublic = PUBLIC.has(operation);
  const caller = isPublic ? { principal: '' } : await service.credentials.check(bearer);
  if (!isPublic && typeof caller !== 'string') call.principal = caller.principal;
  const query = new URLSearchParams(call.query);
  const contentType = headers['content-type'] ?? '';
  const origin = `http://${headers.host ?? 'localhost'}`;
  let reply: Promise<Reply> | undefined;
  const runOperation = (pagingFault?: PagingFault) => {
    const operationRequest = { tokenId, query, contentType, text, origin, pagingFault };
    reply ??= carryOut(handlers[operation], service, caller, operationRequest);
    return reply;
  };

  const name = findFaultName(service, call, route, fault);
  if (name === undefined) return sendReply(response, await runOperation());
  const respond = findFault(name);
  if (respond === undefined) return sendReply(response, edgeError(400, unknownFault(name)));
  const { principal = '' } = call;
  const hit = service.faults.countHit([name, principal, method, url].join(' '));
  const { wait } = service.faults;
  const context = { request, response, operation, principal, hit, origin, wait, runOperation };
  const wrong = await respond(context);
  if (wrong) sendReply(response, wrong);
}

/** Carries out the operation. `caller` is a string where the credential is not valid: the reason. */
async function carryOut(
  handler: Handler,
  service: Service,
  caller: Caller | string,
  request: Omit<OperationRequest, 'caller'>,
): Promise<Reply> {
  if (typeof caller === 'string')
    return vendorError('InvalidJwtTokenError', { details: [{ issue: caller }] });
  try {
    return await handler(service, { ...request, caller });
  } catch (error) {
    if (error instanceof Rejection) return error.reply;
    throw error;
  }
}

/** In the order of precedence: the header of the request, its bearer, the plan, the token's id. */
function findFaultName(
  { faults }: Service,
  { headers, principal }: Call,
  { operation, tokenId }: Route,
  ofBearer: string | undefined,
): string | undefined {
  const header = headers['x-emulator-fault'];
  if (typeof header === 'string') return header;
  if (ofBearer !== undefined) return ofBearer;
  const planned = faults.take({ operation, tokenId, principal });
  return planned ?? (tokenId?.startsWith('fault-') ? tokenId.slice('fault-'.length) : undefined);
}

/**
 * `Bearer x` and `x` are the same. A value that is empty or has blanks inside is no credential. The part after a tilde is
 * the name of a fault.
 */
function readBearer(authorization = ''): { bearer?: string; fault?: string } {
  const bearer = authorization.trim().replace(/^bearer(\s+|$)/i, '');
  if (bearer === '' || /\s/.test(bearer)) return {};
  const tilde = bearer.lastIndexOf('~');
  return tilde < 1 ? { bearer } : { bearer: bearer.slice(0, tilde), fault: bearer.slice(tilde + 1) };
}

/** The largest body that AWS API Gateway accepts. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** The whole body as text; undefined if it is too large. Rejects if the client disconnects before its end. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString() : undefined;
}

function parseIfJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
