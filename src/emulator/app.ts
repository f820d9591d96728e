import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson } from '../json.ts';
import { CONTROL_PREFIX, handleControl } from './control.ts';
import { findFault, unknownFault } from './faults.ts';
import type { PagingFault } from './paging.ts';
import { projectOperations } from './projects.ts';
import { edgeError, Rejection, type Reply, sendReply, vendorError } from './reply.ts';
import type { Call, Caller, Handler, OperationRequest, Service } from './request.ts';
import { findRoute, type Operation, type Route } from './routes.ts';
import { createAccessToken } from './sign-in.ts';
import { tokenOperations } from './tokens.ts';

/** These need no bearer: the key set is public, and the token endpoint is where bearers come from. */
const PUBLIC: ReadonlySet<Operation> = new Set(['createAccessToken', 'getWellKnownJwks']);

const handlers: Readonly<Record<Operation, Handler>> = {
  ...tokenOperations,
  ...projectOperations,
  createAccessToken,
};

/** Responds to each request with the result of its operation, or with the fault that applies to it. Records the request. */
export function createApp(service: Service) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // The client disconnected while it was sending, or the data file could not be written, so nothing is acknowledged.
    const reply = await respond(service, request, response).catch(() => vendorError('UnexpectedError'));
    if (reply) sendReply(response, reply);
  };
}

/** Resolves to the reply, or to nothing if a fault has responded by itself. */
async function respond(service: Service, request: IncomingMessage, response: ServerResponse) {
  const { method = '', url = '', headers } = request;
  const [path = '', ...query] = url.split('?');
  if (path.startsWith(CONTROL_PREFIX))
    return handleControl(
      service,
      `${method} ${path.slice(CONTROL_PREFIX.length)}`,
      (await readText(request)) ?? '',
    );
  const call = { method, path, query: query.join('?'), headers };
  const { calls, maxCalls } = service;
  if (calls.length >= 2 * maxCalls) calls.splice(0, calls.length - maxCalls);
  calls.push(call);
  return receive(service, call, request, response);
}

async function receive(service: Service, call: Call, request: IncomingMessage, response: ServerResponse) {
  const text = await readText(request);
  if (text) {
    const value = parseJson(text);
    call.body = value === undefined ? text : value;
  }

  const route = findRoute(call.method, call.path);
  if (route === undefined) return edgeError(404, 'Not Found');
  const { operation, tokenId = '' } = route;
  call.operation = operation;
  if (text === undefined) return edgeError(413, 'Request Too Long');

  const { authorization, host = 'localhost', 'content-type': contentType = '' } = call.headers;
  const { bearer, fault: faultOfBearer } = readBearer(authorization);
  const caller = PUBLIC.has(operation) ? { principal: '' } : await service.credentials.check(bearer);
  const principal = typeof caller === 'string' ? '' : caller.principal;
  if (principal) call.principal = principal;
  const origin = `http://${host}`;
  let reply: Promise<Reply> | undefined;
  const runOperation = (pagingFault?: PagingFault) => {
    const query = new URLSearchParams(call.query);
    const operationRequest = { tokenId, query, contentType, text, origin, pagingFault };
    reply ??= carryOut(operation, service, caller, operationRequest);
    return reply;
  };

  const name = findFaultName(service, call, route, faultOfBearer);
  if (name === undefined) return runOperation();
  const fault = findFault(name);
  if (fault === undefined) return edgeError(400, unknownFault(name));
  const { wait } = service.faults;
  const countHit = () => service.faults.countHit([name, principal, call.method, request.url].join(' '));
  const context = { request, response, operation, principal, countHit, origin, wait, runOperation };
  return (await fault(context)) ?? undefined;
}

/** Carries out the operation. `caller` is a string where the credential is not valid: the reason. */
async function carryOut(
  operation: Operation,
  service: Service,
  caller: Caller | string,
  request: Omit<OperationRequest, 'caller'>,
): Promise<Reply> {
  if (typeof caller === 'string')
    return vendorError('InvalidJwtTokenError', { details: [{ issue: caller }] });
  try {
    return await handlers[operation](service, { ...request, caller });
  } catch (error) {
    if (error instanceof Rejection) return error.reply;
    throw error;
  }
}

/** In the order of precedence: the header of the request, its bearer, the plan, the token's id. */
function findFaultName({ faults }: Service, call: Call, route: Route, ofBearer: string | undefined) {
  const { headers, principal } = call;
  const { operation, tokenId } = route;
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
