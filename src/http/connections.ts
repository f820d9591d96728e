import { Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate, setTimeout } from 'node:timers/promises';

declare module 'node:http' {
  interface ServerResponse {
    /** One listener of `close` calls all of them: Node.js copies a list of several listeners for each event. */
    closeListeners?: (() => void)[];
  }
}

/** A request whose response has not ended. */
export interface OpenRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Set when the connection ends after its response, or after the error response that follows. */
  isLast?: boolean;
}

interface ClientConnection {
  readonly socket: Socket;
  /** In the order of arrival. */
  readonly openRequests: OpenRequest[];
  /** A running number, the lowest for the connection that is idle the longest. Meaningless while there are open requests. */
  idleOrder: number;
  /** Bytes read until the last response ended. Any further bytes belong to a new request. */
  bytesAtRest: number;
}

/** The client connections of one listener. */
export type Connections = ReturnType<typeof createConnections>;

interface ConnectionsOptions {
  /** Limit of open connections. The connection that has been idle longest is closed for a new one. Undefined: no limit. */
  readonly max?: number | undefined;
  readonly onFull?: () => void;
}

export const MAX_ADMIN_CONNECTIONS = 64;

/** Bodies have the size of a few packets, so nearly all of them arrive within this time of their head. */
const USUAL_BODY_MS = 1_000;
const EVICT_EVERY_MS = 50;

/** Longer than a primary process takes to pass the next connection to a worker. */
const NEXT_CONNECTION_MS = 50;

export function createConnections({ max = Number.POSITIVE_INFINITY, onFull }: ConnectionsOptions) {
  const open = new Map<Duplex, ClientConnection>();
  // Idle connections have no Set of their own, because a Set that every request changes makes garbage collection expensive.
  let idled = 0;
  let accepted = 0;
  let nextEvictionAt = 0;
  let isClosing = false;
  /**
   * Connections that were closed to make room for new ones (idle ones, and those of late requests), and new ones that were
   * rejected.
   */
  const counts = { evicted: 0, late: 0, rejected: 0 };

  /** Call it for each new connection. Returns false if the connection is above the limit. */
  function accept(socket: Socket): boolean {
    if (open.size >= max) {
      onFull?.();
      const isEvicted = evictIdle();
      counts[isEvicted ? 'evicted' : 'rejected']++;
      if (!isEvicted) return false;
    }
    const connection: ClientConnection = { socket, openRequests: [], idleOrder: idled++, bytesAtRest: 0 };
    open.set(socket, connection);
    accepted++;
    socket.once('close', () => {
      open.delete(socket);
      abandon(connection);
    });
    return true;
  }

  /**
   * Resolves when the connections that have arrived are accepted and their requests read, or after `maxMs`. After the
   * process was suspended there may be many, and closing the listener would reset them.
   */
  async function acceptArrived(maxMs: number): Promise<void> {
    const endsAt = performance.now() + maxMs;
    let before: number;
    do {
      before = accepted;
      await setTimeout(NEXT_CONNECTION_MS);
      // Node.js accepts one connection in each turn of the event loop, and the process may not have run during the wait.
      for (let turn = 0; turn < 2; turn++) await setImmediate();
    } while (accepted > before && performance.now() < endsAt);
  }

  function evictIdle(): boolean {
    let oldest: ClientConnection | undefined;
    for (const connection of open.values()) {
      if (isIdle(connection) && !(oldest && oldest.idleOrder < connection.idleOrder)) oldest = connection;
    }
    if (!oldest) return false;
    open.delete(oldest.socket);
    oldest.socket.destroy();
    return true;
  }

  /**
   * Replaces `close` of the server: idle connections are closed, also those on which nothing was ever sent, which Node.js
   * counts as busy. A request that is partly sent keeps its timeouts, and a response is sent to its end. The `close` of
   * Node.js stops the timer for slow requests at once, so an incomplete request would keep the server open forever. Here
   * the timer stops when the last connection has ended.
   */
  function closeWhenIdle(server: HttpServer): void {
    server.close = (callback) => {
      isClosing = true;
      for (const connection of open.values()) if (isIdle(connection)) connection.socket.destroy();
      return NetServer.prototype.close.call(server, callback) as HttpServer;
    };
    server.once('close', () => HttpServer.prototype.close.call(server));
  }

  /** Call it for each request as it arrives. */
  function trackRequest(request: IncomingMessage, response: ServerResponse): void {
    const connection = open.get(request.socket);
    if (!connection) return;
    const openRequest = { request, response };
    const { openRequests } = connection;
    openRequests.push(openRequest);
    onClose(response, () => {
      openRequests.splice(openRequests.indexOf(openRequest), 1);
      if (openRequests.length > 0 || !open.has(request.socket)) return;
      connection.bytesAtRest = connection.socket.bytesRead;
      connection.idleOrder = idled++;
      // The head of the response may have been sent before the drain began, without `connection: close`.
      if (isClosing) connection.socket.destroySoon();
    });
  }

  /** Closes the connections of requests whose bodies are late. */
  function evictLate(): void {
    const now = performance.now();
    // Looks at all connections only every 50 ms, because a full gateway rejects many requests a second.
    if (now < nextEvictionAt) return;
    nextEvictionAt = now + EVICT_EVERY_MS;
    for (const connection of [...open.values()]) {
      // Only a request that is the first on its connection is ended; otherwise the response to one before it would be lost.
      const [first] = connection.openRequests;
      if (!first || first.request.complete || now - first.request.arrivedAt <= USUAL_BODY_MS) continue;
      counts.late++;
      open.delete(connection.socket);
      connection.socket.destroy();
      // Destroyed at once, so that there is room for the new request.
      abandon(connection);
    }
  }

  /** The requests that a drain waits for: complete ones, and those that the client is still sending. */
  function pending() {
    const all = [...open.values()];
    const openRequests = all.flatMap((connection) => connection.openRequests);
    const requests = openRequests.filter(({ request }) => request.complete).length;
    const heads = all.filter((connection) => connection.openRequests.length === 0 && isSending(connection));
    return { requests, incompleteRequests: openRequests.length - requests + heads.length };
  }

  return {
    accept,
    acceptArrived,
    closeWhenIdle,
    trackRequest,
    evictLate,
    /** Requests on a connection whose responses have not ended, the latest last. */
    openRequestsOn: (socket: Duplex): readonly OpenRequest[] => open.get(socket)?.openRequests ?? [],
    counts: () => ({ max, open: open.size, ...counts }),
    pending,
  };
}

/** Whether the connection has no request in progress and no beginning of one. */
function isIdle(connection: ClientConnection): boolean {
  return connection.openRequests.length === 0 && !isSending(connection);
}

/** An empty line is no beginning of a request (RFC 9112 section 2.2). Some clients send one behind each body. */
function isSending({ socket, bytesAtRest }: ClientConnection): boolean {
  return socket.bytesRead > bytesAtRest + '\r\n'.length;
}

/**
 * When a client sends several requests at once, only the response of the first gets `close` when the connection is lost.
 * The others would wait forever, and counters that decrement at the end of a response would never reach zero.
 */
function abandon({ openRequests }: ClientConnection): void {
  // The loop ends, because `close` listeners remove each request from the list.
  for (const { response } of [...openRequests]) {
    response.destroy();
    response.emit('close');
  }
}

/** Calls `listener` when the response is closed, sent or not; at once if it is closed already. */
export function onClose(response: ServerResponse, listener: () => void): void {
  if (response.destroyed) listener();
  else if (response.closeListeners) response.closeListeners.push(listener);
  else {
    const listeners = [listener];
    response.closeListeners = listeners;
    response.once('close', () => {
      for (const each of listeners) each();
    });
  }
}
