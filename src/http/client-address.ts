import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';

/** The client's address, in its canonical form. */
export type ClientAddress = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string;

/**
 * The address of the connection, or, where that is a trusted proxy, the last address in `X-Forwarded-For` that is not. If
 * an entry is malformed, the address of the connection is used.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted = createNetworkCheck(trustedProxies);
  return ({ headers, socket }) => {
    const own = normalizeAddress(socket.remoteAddress ?? '') ?? 'unknown';
    const forwarded = headers['x-forwarded-for'];
    if (forwarded === undefined || !isTrusted(own)) return own;
    return findClient(String(forwarded).split(','), isTrusted) ?? own;
  };
}

/** Each proxy appends the address of its own client, so the entries are read from the end. */
function findClient(entries: readonly string[], isTrusted: (address: string) => boolean): string | undefined {
  for (let at = entries.length - 1; ; at--) {
    const address = normalizeAddress(entries[at] ?? '');
    if (address === undefined || at === 0 || !isTrusted(address)) return address;
  }
}

/**
 * An IP address without what proxies add to it (a port, brackets, quotation marks, a zone) and in its canonical form
 * (RFC 5952); an IPv4 address that is written as IPv6 (RFC 4291 section 2.5.5.2) is IPv4. Undefined for anything else.
 */
function normalizeAddress(text: string): string | undefined {
  const bare = text.trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed, v4] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(bare) ?? [];
  const address = (bracketed ?? v4 ?? bare).replace(/%.*$/s, '');
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return undefined;
  return new SocketAddress({ address, family: 'ipv6' }).address.replace(/^::ffff:(?=\d+\.)/, '');
}

/** Whether a normalized address is in one of the networks, each an address or a range in CIDR notation. */
function createNetworkCheck(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = isIPv4(address) ? 32 : 128] = network.split('/');
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return (address) => list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
