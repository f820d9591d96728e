import type { LookupAddress } from 'node:dns';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type HostAddresses, lookupIn } from './host-addresses.ts';

/** Opens a connection and calls back once. */
type Connect = (callback: (...outcome: [Error, null] | [null, Socket]) => void) => void;

/**
 * Connects to the server of `origin`. The timeout includes TLS, but not the look-up of the address.
 *
 * In undici's own connector the connect timeout includes the look-up of the host, and is up to a second late. All
 * addresses of the host are tried (RFC 8305), by Node.js. TLS sessions are resumed.
 */
export function createConnect(origin: string, hosts: HostAddresses, connectTimeoutMs: number): Connect {
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
      // The listener stays: undici reports errors of an open connection, but without a listener they end the process.
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

const HEAD_END = Buffer.from('\r\n\r\n');
/** An interim response with a longer head goes to the parser, which rejects it. */
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * Removes interim responses (`100 Continue`, `103 Early Hints`) from the bytes of `socket`. A client must skip those that it
 * did not request (RFC 9110 section 15.2), but undici treats a 100 as a broken connection: a read would fail, and a write
 * that IAM has executed would have an unknown outcome. `101` is not removed: undici reports it as an error.
 *
 * Call the function that it returns before a request is written: the next bytes begin a response.
 *
 * The filter replaces `socket.read`, by which undici reads. It costs one comparison for each response, where a stream in
 * between would copy every byte.
 */
export function skipInterimResponses(socket: Socket): () => void {
  const read = socket.read.bind(socket);
  let atStart = false;
  // Bytes that may or may not be the beginning of an interim response.
  let held: Buffer | undefined;

  const filter = (chunk: Buffer): Buffer | undefined => {
    const bytes = dropInterim(held ? Buffer.concat([held, chunk]) : chunk);
    const isCertain = bytes.length > MAX_HEAD_BYTES || !mayBeInterim(bytes);
    held = isCertain ? undefined : bytes;
    atStart = !isCertain;
    return isCertain ? bytes : undefined;
  };
  socket.read = (size?: number) => {
    let chunk = read(size);
    while (atStart && chunk !== null) {
      const bytes = filter(chunk);
      if (bytes) return bytes;
      chunk = read(size);
    }
    return chunk;
  };
  return () => {
    atStart = true;
    held = undefined;
  };
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
