import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** The response of an operation or a fault. A `body` that is a string is sent unchanged, any other as JSON. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by a handler to respond with an error. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly reply: Reply;

  constructor(reply: Reply) {
    super();
    this.reply = reply;
  }
}

/** A request or a setting that the emulator cannot serve. The message is written for its user. */
export class EmulatorError extends Error {
  override readonly name = 'EmulatorError';
}

export interface Detail {
  readonly issue: string;
  readonly field?: string;
  readonly value?: string;
  readonly location?: string;
}

// The names, statuses and message templates of the vendor's generated clients. 403 has several names.
const VENDOR_ERRORS = {
  InvalidParameterError: [400, `Invalid parameter: \${param}.`],
  InvalidJwtTokenError: [401, 'JWT token is invalid'],
  ActionForbiddenError: [403, 'Principal can not execute action on given resource'],
  UnauthorizedError: [403, 'Unauthorized'],
  PrincipalDoesNotBelongToProjectError: [403, 'Principal does not belong to the given project'],
  NotFoundError: [404, `Not found: \${param}.`],
  AlreadyExistsError: [409, 'Already exists'],
  TooManyRequestsError: [429, 'Too Many Requests'],
  UnexpectedError: [500, 'Unexpected Error Occurred.'],
} as const;

export function ok(body: unknown): Reply {
  return { status: 200, body };
}

/** An error of IAM itself. */
export function vendorError(
  name: keyof typeof VENDOR_ERRORS,
  { param = '', details }: { param?: string; details?: readonly Detail[] } = {},
): Reply {
  const [status, template] = VENDOR_ERRORS[name];
  return vendorBody(status, name, template.replace(`\${param}`, param), details);
}

/** The vendor's error body under any status. */
export function vendorStatus(status: number): Reply {
  const known = Object.entries(VENDOR_ERRORS).find(([, [code]]) => code === status);
  return known === undefined
    ? vendorBody(status, status < 500 ? 'ServiceError' : 'UnexpectedError', `Status ${status}`)
    : vendorBody(status, known[0], known[1][1].replace(`\${param}`, 'token'));
}

/** An error of AWS API Gateway, which stands before IAM: no name, no trace id. */
export function edgeError(status: number, message: string): Reply {
  return { status, body: { message } };
}

/** An error of the token endpoint, in OAuth's own shape and characters (RFC 6749 section 5.2). */
export function oauthError(status: number, error: string, description: string): Reply {
  return { status, body: { error, error_description: description.replace(/[^ !#-[\]-~]/g, '') } };
}

function vendorBody(status: number, name: string, message: string, details?: readonly Detail[]): Reply {
  const body = { name, message, httpStatusCode: status, traceId: randomUUID() };
  return { status, body: details === undefined ? body : { ...body, details } };
}

/** The headers of a response, complete but for what Node.js adds. */
export function headersOf(reply: Reply, length: number): Readonly<Record<string, string>> {
  return { 'content-type': 'application/json', 'content-length': String(length), ...reply.headers };
}

export function bodyOf(reply: Reply): Buffer {
  const { body = '' } = reply;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Sends the reply as it is. Does nothing if the client has disconnected or a fault has responded already. */
export function sendReply(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  if (reply.body === undefined) {
    response.writeHead(reply.status, reply.headers).end();
    return;
  }
  const body = bodyOf(reply);
  response.writeHead(reply.status, headersOf(reply, body.length)).end(body);
}
