/**
 * The parsed URL; undefined for an invalid one. `URL.canParse` of Node.js 20 rejects URLs with letters such as `ü` once it
 * is optimized.
 */
function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/**
 * Like `parseUrl`, also undefined for what `URL` repairs or accepts, although it is a mistake: tabs and line breaks, which it
 * drops, hosts such as `a..b` or `a,https:`, and port 0, on which no server listens.
 */
export function parseExactUrl(text: string): URL | undefined {
  const url = /[\t\r\n]/.test(text) ? undefined : parseUrl(text);
  return url && url.port !== '0' && /^(\[.+\]|([\w-]+\.)*[\w-]+\.?)$/.test(url.hostname) ? url : undefined;
}

/**
 * The one spelling of a host that is written as in a URL or as given to `listen`: `127.0.0.1` for `127.1`, `[::1]` for `::1`.
 * The zone of an address is left out. Empty for what is no host.
 */
export function toHostname(host: string): string {
  const bare = host.replace(/^\[|\]$/g, '').replace(/%.*$/s, '');
  const url = `http://${bare.includes(':') ? `[${bare}]` : bare}`;
  return parseUrl(url)?.hostname.replace(/\.$/, '') ?? '';
}

/** Whether only processes of this machine can reach `host`, which is written as for `toHostname`. */
export function isLoopback(host: string): boolean {
  const name = toHostname(host);
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/.test(name);
}

/**
 * Like `isLoopback`, for the authority of a URL, which may have a port. All names below `localhost` are loopback as
 * well and never resolved by DNS (RFC 6761 section 6.3). False for an invalid authority.
 */
export function isLoopbackAuthority(authority: string): boolean {
  const name = parseUrl(`http://${authority}`)?.hostname.replace(/\.$/, '') ?? '';
  return isLoopback(name) || name.endsWith('.localhost');
}

export type RedisAddress = NonNullable<ReturnType<typeof readRedisAddress>>;

/**
 * `redis://` or `rediss://`: one server; or a Redis Cluster, as several of its nodes, separated by commas, or as one node
 * with `?cluster=true`. A comma within a password does not separate nodes. Undefined for anything else, also for another
 * parameter, because it would have no effect. A cluster has only database 0, the number that `SELECT` takes. User and
 * password are decoded, of the first URL, and empty where it has none.
 */
export function readRedisAddress(text: string) {
  const parts = text.split(/,\s*(?=rediss?:\/\/)/i);
  const nodes = parts.flatMap((part) => parseExactUrl(part) ?? []);
  const [first] = nodes;
  if (first === undefined || nodes.length < parts.length) return undefined;
  const isCluster = nodes.length > 1 || first.search === '?cluster=true';
  const areValid = nodes.every(
    ({ protocol, pathname, search, hash }) =>
      /^rediss?:$/.test(protocol) &&
      protocol === first.protocol &&
      /^(\?cluster=(true|false))?$/.test(search) &&
      hash === '' &&
      (isCluster ? /^\/?0?$/ : /^\/?\d{0,9}$/).test(pathname),
  );
  const [username, password] = [first.username, first.password].map(decode);
  if (!areValid || username === undefined || password === undefined) return undefined;
  return { nodes, isCluster, database: Number(first.pathname.slice(1)), username, password };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
