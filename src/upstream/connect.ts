// Imported as a whole, so that a replacement of `dns.lookup` (by a preload or by the platform) is used.
import dns, { type LookupAddress } from 'node:dns';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { LRUCache } from 'lru-cache';

/** How long an address that did not respond is tried after the others. */
const SILENT_MS = 60_000;
/** How long an attempt runs alone, if the connect timeout allows it (RFC 8305 section 5). */
const ALONE_MS = 250;

/**
 * Returns the function that connects to the server of `origin`. The timeout includes TLS, but not DNS.
 *
 * It replaces undici's connector, whose timeout includes the look-up of the host and is up to a second late. Addresses that
 * did not respond come last in later connections. A TLS session is resumed until a connection fails, because a server that
 * cannot resume it may end the handshake instead of making a full one.
 */
export function createConnect(
  origin: string,
  lookup: LookupFunction,
  connectTimeoutMs: number,
): () => Promise<Socket> {
  const { protocol, hostname, port } = new URL(origin);
  const isTls = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  let session: Buffer | undefined;
  const silent = new LRUCache<string, true>({ max: 100, ttl: SILENT_MS });
  const rank = (address: string) => Number(silent.has(address));
  const findAddresses = () =>
    new Promise<string[]>((resolve, reject) => {
      if (isIP(host)) return resolve([host]);
      lookup(host, { all: true }, (error, found) => {
        if (error) return reject(error);
        resolve(alternate(found as LookupAddress[]).sort((a, b) => rank(a) - rank(b)));
      });
    });
  const startTls = (socket: Socket): Socket =>
    connectTls({
      socket,
      host,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) ? {} : { servername: host }),
      ...(session && { session }),
    }).on('session', (ticket) => {
      session = ticket;
    });

  const race = {
    port: Number(port || (isTls ? 443 : 80)),
    aloneMs: Math.min(ALONE_MS, connectTimeoutMs / 2),
    silent,
  };
  return async () => {
    const addresses = await findAddresses();
    const sockets = new Set<Socket>();
    let isOpening = true;
    const giveUp = () => {
      if (!isOpening) return;
      addresses.length = 0;
      for (const socket of sockets) socket.destroy(timedOut());
    };
    // Runs after pending I/O events: when the event loop was blocked, the timer comes before them.
    const timer = setTimeout(() => setImmediate(giveUp), connectTimeoutMs);
    try {
      const socket = await openFirst(addresses, sockets, race);
      if (!isTls) return socket;
      const secure = startTls(socket);
      sockets.add(secure);
      // The error listener stays after the connection is open: without a listener an error would end the process.
      return await new Promise<Socket>((resolve, reject) => {
        secure
          .once('secureConnect', () => resolve(secure))
          .on('error', (error) => {
            // After the handshake, Node.js leaves a connection open whose encryption is broken.
            secure.destroy();
            reject(error);
          });
      });
    } catch (error) {
      session = undefined;
      throw error;
    } finally {
      isOpening = false;
      clearTimeout(timer);
    }
  };
}

/** An address of each family in turn, beginning with the first one's (RFC 8305 section 4). */
function alternate(found: readonly LookupAddress[]): string[] {
  const isFirst = ({ family }: LookupAddress) => family === found[0]?.family;
  const [first, other] = [found.filter(isFirst), found.filter((one) => !isFirst(one))];
  return found.flatMap((_, at) => [first[at], other[at]]).flatMap((one) => one?.address ?? []);
}

interface Race {
  readonly port: number;
  readonly aloneMs: number;
  /** Gets the addresses that did not respond within `aloneMs`. */
  readonly silent: LRUCache<string, true>;
}

/**
 * Connects to the first of `addresses` that accepts, and takes those that it tries off the list. The next one is tried
 * when one fails, and beside one that does not respond in time. Node.js's `autoSelectFamily` would end the slow attempt: if
 * the server is distant or this process is busy, only the last address gets enough time, and it may be dead. `sockets` gets
 * all sockets except those that failed. Rejects with the first error.
 */
function openFirst(addresses: string[], sockets: Set<Socket>, race: Race): Promise<Socket> {
  const { port, aloneMs, silent } = race;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    let firstError: Error | undefined;
    const tryNext = () => {
      clearTimeout(timer);
      const host = addresses.shift();
      if (host === undefined) {
        if (sockets.size === 0) reject(firstError);
        return;
      }
      const socket = connectTcp({ host, port, noDelay: true, keepAlive: true });
      sockets.add(socket);
      socket.on('error', (error) => {
        firstError ??= error;
        sockets.delete(socket);
        tryNext();
      });
      socket.once('connect', () => {
        clearTimeout(timer);
        addresses.length = 0;
        silent.delete(host);
        for (const other of sockets) if (other !== socket) other.destroy();
        resolve(socket);
      });
      timer = setTimeout(() => {
        silent.set(host, true);
        tryNext();
      }, aloneMs);
    };
    tryNext();
  });
}

function timedOut(): Error {
  return Object.assign(new Error('the connection was not open in time'), { code: 'ETIMEDOUT' });
}

/** How long addresses are used, since `getaddrinfo` does not report their lifetime. */
const FRESH_MS = 5_000;
/** How long a new connection waits for fresh addresses while previous ones are known. */
const PATIENCE_MS = 500;

/**
 * The `lookup` of all connections. It returns all addresses of a host, in the order of `getaddrinfo`, from memory while
 * they are fresh. Connections that are opened at the same time share one look-up: Node.js makes one per connection and
 * libuv runs two at a time, so with slow DNS a burst of connections would wait until the connect timeout. Failures are not
 * cached. When DNS fails or is slow, the previous addresses are used (RFC 8767), except when there is no such host.
 */
export function createLookup({ now = () => performance.now() } = {}): LookupFunction {
  const known = new Map<string, { addresses: readonly LookupAddress[]; freshUntilMs: number }>();
  const pending = new Map<string, Promise<readonly LookupAddress[]>>();

  const lookUp = async (host: string): Promise<readonly LookupAddress[]> => {
    try {
      const addresses = await lookupAll(host);
      known.set(host, { addresses, freshUntilMs: now() + FRESH_MS });
      return addresses;
    } catch (error) {
      // Other errors, such as `EAI_AGAIN`, mean that the resolver did not respond.
      if ((error as NodeJS.ErrnoException).code === 'ENOTFOUND') known.delete(host);
      const previous = known.get(host);
      if (!previous) throw error;
      return previous.addresses;
    } finally {
      pending.delete(host);
    }
  };
  const resolve = async (host: string): Promise<readonly LookupAddress[]> => {
    const last = known.get(host);
    if (last && now() < last.freshUntilMs) return last.addresses;
    const found = pending.get(host) ?? lookUp(host);
    pending.set(host, found);
    return last ? Promise.race([found, wait(PATIENCE_MS, last.addresses, { ref: false })]) : found;
  };
  return (host, _options, callback) => {
    resolve(host).then(
      (addresses) => callback(null, [...addresses]),
      (error) => callback(error, []),
    );
  };
}

function lookupAll(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    dns.lookup(host, { all: true }, (error, addresses) => {
      // A replacement of `dns.lookup` may return no address, for which Node.js would throw outside of any request.
      if (error) reject(error);
      else if (addresses.length > 0) resolve(addresses);
      else reject(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }));
    });
  });
}
