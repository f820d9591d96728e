// Called as `dns.lookup`, so that a replacement of it in the process (a preload, a resolver of the platform) is used.
import dns, { type LookupAddress } from 'node:dns';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

/**
 * Returns the function that connects to the server of `origin`. The timeout includes TLS, but not the look-up of the address.
 *
 * In undici's own connector the connect timeout includes the look-up of the host, and is up to a second late. All
 * addresses of the host are tried (RFC 8305), by Node.js. TLS sessions are resumed, each until a connection cannot be opened:
 * a server that cannot resume it may end the handshake instead of making a full one.
 */
export function createConnect(
  origin: string,
  hosts: HostAddresses,
  connectTimeoutMs: number,
): () => Promise<Socket> {
  const { protocol, hostname, port } = new URL(origin);
  const isTls = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  let session: Buffer | undefined;

  const open = (addresses: readonly LookupAddress[]): Socket => {
    const common = {
      host,
      lookup: lookupIn(addresses),
      noDelay: true,
      keepAlive: true,
      autoSelectFamily: true,
    };
    if (!isTls) return connectTcp({ ...common, port: Number(port || 80) });
    const socket = connectTls({
      ...common,
      port: Number(port || 443),
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) ? {} : { servername: host }),
      ...(session && { session }),
    });
    return socket.on('session', (ticket) => {
      session = ticket;
    });
  };

  return async () => {
    const socket = open(await hosts.resolve(host));
    const giveUp = giveUpAfter(connectTimeoutMs, () => socket.destroy(timedOut()));
    const opened = new Promise<Socket>((resolve, reject) => {
      // The listener stays: undici reports errors of an open connection, but without a listener they end the process.
      socket.on('error', reject).once(isTls ? 'secureConnect' : 'connect', () => resolve(socket));
    });
    opened.catch(() => {
      session = undefined;
    });
    return opened.finally(giveUp.cancel);
  };
}

/** When the event loop was blocked, timers run first: `giveUp` runs after the events that happened meanwhile. */
function giveUpAfter(ms: number, giveUp: () => void): { cancel(): void } {
  let afterEvents: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    afterEvents = setImmediate(giveUp);
  }, ms);
  return {
    cancel() {
      clearTimeout(timer);
      clearImmediate(afterEvents);
    },
  };
}

function timedOut(): Error {
  return Object.assign(new Error('the connection was not open in time'), { code: 'ETIMEDOUT' });
}

/** For how long addresses are used: `getaddrinfo` does not report their lifetime. */
const FRESH_MS = 5_000;
/** How long a new connection waits for fresh addresses while previous ones are known. */
const PATIENCE_MS = 500;

/** Addresses of host names, for everything that connects. */
export interface HostAddresses {
  /** Resolves to all addresses, in the order of `getaddrinfo`; at once while they are fresh. Rejects as `dns.lookup` does. */
  resolve(host: string): Promise<readonly LookupAddress[]>;
  /** The same in the form that sockets and agents of Node.js take as `lookup`. */
  readonly lookup: LookupFunction;
}

interface Entry {
  addresses?: readonly LookupAddress[];
  freshUntilMs: number;
  /** The look-up in progress. */
  pending?: Promise<readonly LookupAddress[]> | undefined;
}

/**
 * One look-up for all connections that are being opened to a host. Node.js makes one per connection, and libuv runs two at
 * a time: with slow DNS a burst of connections would wait in that queue until its connect timeout. Failures are not cached.
 * When DNS fails or is slow, the previous addresses are used (RFC 8767), except when there is no such host.
 */
export function createHostAddresses({ now = () => performance.now() } = {}): HostAddresses {
  const entries = new Map<string, Entry>();

  const lookUp = async (host: string, entry: Entry): Promise<readonly LookupAddress[]> => {
    try {
      entry.addresses = await lookupAll(host);
      entry.freshUntilMs = now() + FRESH_MS;
      return entry.addresses;
    } catch (error) {
      if (!entry.addresses || !isTemporary(error)) {
        delete entry.addresses;
        throw error;
      }
      return entry.addresses;
    } finally {
      entry.pending = undefined;
    }
  };
  const resolve = async (host: string): Promise<readonly LookupAddress[]> => {
    const family = isIP(host);
    if (family) return [{ address: host, family }];
    const entry = entries.get(host) ?? { freshUntilMs: 0 };
    entries.set(host, entry);
    const { addresses } = entry;
    if (addresses && now() < entry.freshUntilMs) return addresses;
    entry.pending ??= lookUp(host, entry);
    if (!addresses) return entry.pending;
    return Promise.race([entry.pending, wait(PATIENCE_MS, addresses, { ref: false })]);
  };
  const lookup: LookupFunction = (host, options, callback) => {
    resolve(host).then(
      (addresses) => lookupIn(addresses)(host, options, callback),
      (error) => callback(error, []),
    );
  };
  return { resolve, lookup };
}

/** A look-up that returns `addresses`, in the form of `dns.lookup`. */
export function lookupIn(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, { all, family }, callback) => {
    const isLimited = family === 4 || family === 6;
    const usable = isLimited ? addresses.filter((address) => address.family === family) : [...addresses];
    const [first] = usable;
    if (!first) callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), []);
    else if (all) callback(null, usable);
    else callback(null, first.address, first.family);
  };
}

function lookupAll(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    dns.lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

/** Errors such as `EAI_AGAIN` mean that the resolver did not respond; `ENOTFOUND` that there is no such name. */
function isTemporary(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code !== 'ENOTFOUND';
}
