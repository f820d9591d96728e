/// <reference path="./undici-client.d.ts" />
import type { LookupFunction, Socket } from 'node:net';
import Client from 'undici/lib/dispatcher/client.js';
import type { Config } from '../config/config.ts';
import { createConnect } from './connect.ts';

export interface PoolOptions
  extends Pick<Config['upstream'], 'connectTimeoutMs' | 'idleSocketMs' | 'connectionMaxAgeMs'> {
  /** Scheme, host and port of the only server that is connected to. */
  readonly origin: string;
  /** Gives all addresses of a host. */
  readonly lookup: LookupFunction;
}

/** One connection to the server, for one request at a time. */
export interface PoolConnection {
  readonly client: Client;
  /** The end of its latest response, by `performance.now`. Infinite before the first one. */
  readonly usedAtMs: number;
  /** When the connection is too old to be used again, by `performance.now`. Infinite until it is open. */
  readonly expiresAtMs: number;
  /** Call before undici writes a request. `maxBytes` limits the body of its response. */
  onRequest(maxBytes: number): void;
  /** Call when the response has ended. */
  onResponse(): void;
}

/** Whether the connection has carried a response before, so that the server may be closing it as idle. */
export function isUsed({ usedAtMs }: PoolConnection): boolean {
  return usedAtMs < Number.POSITIVE_INFINITY;
}

/**
 * The connections to one server. There are as many as are taken at once; the concurrency limiter limits their number.
 * undici's own `Pool` does not say which connection carries a request; the transport has to know, to distinguish a stale
 * connection from a server that is down.
 */
export function createConnectionPool(options: PoolOptions) {
  const { origin, lookup, connectTimeoutMs, idleSocketMs, connectionMaxAgeMs } = options;
  const connect = createConnect(origin, lookup, connectTimeoutMs);
  const idle: PoolConnection[] = [];
  const open = new Set<Client>();

  const discard = ({ client }: PoolConnection) => {
    open.delete(client);
    client.destroy().catch(() => undefined);
  };
  const discardIdle = (isGone: (connection: PoolConnection) => boolean) => {
    for (const connection of idle.filter(isGone)) {
      idle.splice(idle.indexOf(connection), 1);
      discard(connection);
    }
  };
  const create = (): PoolConnection => {
    let expectResponse: ((maxBytes: number) => void) | undefined;
    const client = new Client(origin, {
      pipelining: 1,
      keepAliveTimeout: idleSocketMs,
      keepAliveMaxTimeout: idleSocketMs,
      // The transport has the one timer of each attempt, in place of undici's.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_target, callback) =>
        void connect().then(
          (socket) => {
            expectResponse = filterResponses(socket);
            connection.usedAtMs = Number.POSITIVE_INFINITY;
            // Up to a fifth earlier, so that connections of one burst do not expire together.
            connection.expiresAtMs = performance.now() + connectionMaxAgeMs * (1 - Math.random() / 5);
            callback(null, socket);
          },
          (error) => callback(error, null),
        ),
    });
    const connection = {
      client,
      usedAtMs: Number.POSITIVE_INFINITY,
      expiresAtMs: Number.POSITIVE_INFINITY,
      onRequest: (maxBytes: number) => expectResponse?.(maxBytes),
      onResponse() {
        connection.usedAtMs = performance.now();
      },
    };
    // For a connection in use, undici fails the request, or reconnects for one that was not sent yet.
    const onClose = () => discardIdle((other) => other === connection);
    client.on('disconnect', onClose).on('connectionError', onClose);
    open.add(client);
    return connection;
  };

  return {
    /** The idle connection that was used last, or a new one, which its first request opens. */
    take(): PoolConnection {
      const now = performance.now();
      let connection = idle.pop();
      while (connection && connection.expiresAtMs <= now) {
        discard(connection);
        connection = idle.pop();
      }
      return connection ?? create();
    },
    /** Call after the request. `reusable` is false if the request was cancelled or the connection failed. */
    giveBack(connection: PoolConnection, reusable: boolean): void {
      if (!reusable) discard(connection);
      else if (isUsed(connection)) idle.push(connection);
      // A connection that is still being opened comes after those that are open.
      else idle.unshift(connection);
    },
    /** Call after `connection` was found to be closed: those that have been idle for longer are closed as well. */
    discardOlder({ usedAtMs }: PoolConnection): void {
      discardIdle((other) => other.usedAtMs <= usedAtMs);
    },
    async close(): Promise<void> {
      await Promise.all([...open].map((client) => client.destroy()));
    },
  };
}

const HEAD_END = Buffer.from('\r\n\r\n');
/** An interim response with a longer head goes to the parser, which rejects it. */
const MAX_HEAD_BYTES = 16 * 1024;
const NO_BYTES = Buffer.alloc(0);
/** The framing of a body that is sent in chunks of one byte takes five bytes for each (RFC 9112 section 7.1). */
const MAX_FRAMING = 6;

/**
 * Filters what undici reads from `socket`. Ends the connection when a response does not end, for example with interim
 * responses or chunk extensions.
 *
 * Removes interim responses (`100 Continue`, `103 Early Hints`). A client must skip those that it did not request (RFC 9110
 * section 15.2), but undici treats a 100 as a broken connection: a read would fail, and a write that IAM has executed would
 * have an unknown outcome. `101` is not removed: undici reports it as an error.
 *
 * Call the function that it returns before a request is written, with the most bytes that the body of the response may
 * have: the next bytes begin a response.
 *
 * The filter replaces `socket.read`, by which undici reads. It costs two comparisons for each read, where a stream in
 * between would copy every byte.
 */
function filterResponses(socket: Socket): (maxBytes: number) => void {
  const readSocket = socket.read.bind(socket);
  let bytesLeft = Number.POSITIVE_INFINITY;
  const read = (size?: number): Buffer | null => {
    const chunk: Buffer | null = readSocket(size);
    bytesLeft -= chunk?.length ?? 0;
    if (bytesLeft >= 0) return chunk;
    socket.destroy(Object.assign(new Error('the response does not end'), { code: 'ENDLESS_RESPONSE' }));
    return null;
  };
  // The bytes since the beginning of a response, while they may be those of an interim one; then undefined.
  let held: Buffer | undefined;
  socket.read = (size?: number) => {
    let chunk = read(size);
    while (held && chunk !== null) {
      const bytes = dropInterim(held === NO_BYTES ? chunk : Buffer.concat([held, chunk]));
      held = isForParser(bytes) ? undefined : bytes;
      if (!held) return bytes;
      chunk = read(size);
    }
    return chunk;
  };
  return (maxBytes) => {
    held = NO_BYTES;
    bytesLeft = MAX_FRAMING * maxBytes + 4 * MAX_HEAD_BYTES;
  };
}

/** Whether `bytes` go to the parser: no interim response begins here, or one with too long a head. */
function isForParser(bytes: Buffer): boolean {
  return bytes.length > MAX_HEAD_BYTES || !mayBeInterim(bytes);
}

/** `bytes` without the complete interim responses at their beginning. */
function dropInterim(bytes: Buffer): Buffer {
  let rest = bytes;
  while (mayBeInterim(rest)) {
    const end = rest.indexOf(HEAD_END);
    if (end < 0) break;
    rest = rest.subarray(end + HEAD_END.length);
  }
  return rest;
}

/** Whether an interim response begins here. An incomplete status line is completed with that of a 100. */
function mayBeInterim(bytes: Buffer): boolean {
  // The first digit of the status decides for nearly every response.
  if (bytes.length > 9 && bytes[9] !== ONE) return false;
  const statusLine = bytes.toString('latin1', 0, CONTINUE.length) + CONTINUE.slice(bytes.length);
  return /^HTTP\/1\.[01] 1(?!01)\d\d$/.test(statusLine);
}

const CONTINUE = 'HTTP/1.1 100';
const ONE = '1'.charCodeAt(0);
