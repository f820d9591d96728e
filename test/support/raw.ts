import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Answer } from './gateway.ts';
import { startStopwatch } from './stopwatch.ts';

/** What came back on one connection, byte by byte as it was. */
export interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: Headers;
  readonly body: string;
  /** All of it, for answers that come one after another. */
  readonly text: string;
  /** `closed`, or the code of the error that ended the connection. */
  readonly end: string;
  readonly ms: number;
  /** The part of `ms` in which this process could run: for upper bounds. */
  readonly ownMs: number;
}

/** A connection with nothing sent yet. */
export async function openConnection(origin: string): Promise<Socket> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

/** Reads until the other side closes. Never rejects. */
export function readToEnd(socket: Socket): Promise<RawAnswer> {
  const startedAt = performance.now();
  const stopStopwatch = startStopwatch();
  const chunks: Buffer[] = [];
  let end = 'closed';
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Writing fails so when the other side has closed the connection.
      if (error.code !== 'EPIPE') end = error.code ?? error.message;
    });
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString();
      const endOfHead = text.indexOf('\r\n\r\n');
      const head = text.slice(0, endOfHead);
      const body = text.slice(endOfHead + 4);
      const [statusLine = '', ...lines] = head.split('\r\n');
      const headers = new Headers(lines.map((line) => line.split(/: (.*)/, 2) as [string, string]));
      const status = Number(statusLine.split(' ')[1]) || undefined;
      const ms = performance.now() - startedAt;
      resolve({ status, headers, body, text, end, ms, ownMs: stopStopwatch() });
    });
  });
}

/** Sends exactly these bytes on a connection of its own, all of them before it reads. */
export async function sendRaw(origin: string, request: string | Buffer): Promise<RawAnswer> {
  const socket = await openConnection(origin);
  socket.pause();
  const answer = readToEnd(socket);
  socket.write(request, () => socket.resume());
  return answer;
}

/**
 * Sends operations on one connection in one piece, so that they arrive at the same time, however busy the machine is.
 * Resolves to the responses in their order.
 */
export async function queryAtOnce(
  origin: string,
  documents: readonly string[],
): Promise<Pick<Answer, 'status' | 'data' | 'errors'>[]> {
  const requests = documents.map((query, at) => {
    const body = JSON.stringify({ query });
    const type = 'content-type: application/json';
    const headers = ['authorization: Bearer demo', type, `content-length: ${body.length}`];
    const request = rawRequest('POST /graphql', headers, body);
    return at === documents.length - 1 ? request : request.replace('connection: close\r\n', '');
  });
  const { text } = await sendRaw(origin, requests.join(''));
  return [...text.matchAll(/^HTTP\/1\.1 (\d+)[\s\S]*?\r\n\r\n(\{.*)/gm)].map(([, status, body = '']) => ({
    status: Number(status),
    ...JSON.parse(body),
  }));
}

/** Such a request as text, for which the other side closes the connection when it has answered. */
export function rawRequest(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'host: localhost', 'connection: close', ...headers, '', body].join('\r\n');
}
