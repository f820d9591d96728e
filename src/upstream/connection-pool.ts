/// <reference path="./undici-client.d.ts" />
import type { LookupFunction } from 'node:net';
import Client from 'undici/lib/dispatcher/client.js';
import type { Config } from '../config/config.ts';
import { createConnect } from './connect.ts';
import { filterResponses } from './response-filter.ts';

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
    /** An idle connection, the last used first, or a new one. Opened by its first request. */
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
