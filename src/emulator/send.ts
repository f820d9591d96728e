import type { ServerResponse } from 'node:http';
import type { Reply } from './reply.ts';

export type Headers = Readonly<Record<string, string>>;

/** The headers of an answer, complete but for what Node adds. */
export function headersOf(reply: Reply, length: number): Headers {
  return { 'content-type': 'application/json', 'content-length': String(length), ...reply.headers };
}

export function bodyOf(reply: Reply): Buffer {
  return Buffer.from(reply.body === undefined ? '' : JSON.stringify(reply.body));
}

/** The answer as it should be. Does nothing if the client has gone or a fault has answered already. */
export function sendReply(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  if (reply.body === undefined) {
    response.writeHead(reply.status, reply.headers).end();
    return;
  }
  const body = bodyOf(reply);
  response.writeHead(reply.status, headersOf(reply, body.length)).end(body);
}
