import type { LookupAddress } from 'node:dns';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type HostAddresses, lookupIn } from './host-addresses.ts';

export interface ConnectOptions {
  /** Scheme, host and port of the only server that is connected to. */
  readonly origin: string;
  /** TLS included. Finding the server's address is not part of it. */
  readonly connectTimeoutMs: number;
  readonly hosts: HostAddresses;
}

/** Opens a connection and calls back once. */
export type Connect = (callback: (...outcome: [Error, null] | [null, Socket]) => void) => void;

/**
 * In undici's own connector the connect timeout includes the look-up of the host, and is up to a second late. All
 * addresses of the host are tried (RFC 8305), by Node.js. TLS sessions are resumed.
 */
export function createConnect({ origin, connectTimeoutMs, hosts }: ConnectOptions): Connect {
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

  return (callback) => {
    const start = (addresses: readonly LookupAddress[]) => {
      const socket = open(addresses);
      const timer = setTimeout(() => socket.destroy(timedOut()), connectTimeoutMs);
      // The listener stays: an error after the connection is undici's to report, and must not be without a listener.
      const fail = (error: Error) => {
        clearTimeout(timer);
        if (isOpen) return;
        callback(error, null);
      };
      let isOpen = false;
      socket.on('error', fail).once(isTls ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        isOpen = true;
        callback(null, socket);
      });
    };
    hosts
      .resolve(host)
      .then(start)
      .catch((error) => callback(error, null));
  };
}

function timedOut(): Error {
  return Object.assign(new Error('the connection was not open in time'), { code: 'ETIMEDOUT' });
}
