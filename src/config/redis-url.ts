import { parseUrl } from './parse-url.ts';

/** The addresses of Redis. */
export interface RedisAddress {
  /** At least one; more than one only for a cluster. */
  readonly nodes: readonly URL[];
  readonly isCluster: boolean;
}

/**
 * `redis://` or `rediss://`: one server; or a Redis Cluster, as several of its nodes, separated by commas, or as one node
 * with `?cluster=true`. A comma within a password does not separate nodes. Undefined for anything else.
 */
export function readRedisAddress(text: string): RedisAddress | undefined {
  const parts = text.split(/,\s*(?=rediss?:\/\/)/i);
  const nodes = parts.flatMap((part) => parseUrl(part) ?? []);
  if (nodes.length < parts.length) return undefined;
  const [first] = nodes;
  const isCluster = nodes.length > 1 || first?.searchParams.get('cluster') === 'true';
  const areValid = nodes.every(
    ({ protocol, hostname, pathname, searchParams }) =>
      /^rediss?:$/.test(protocol) &&
      protocol === first?.protocol &&
      /^[^,]+$/.test(hostname) &&
      [null, 'true', 'false'].includes(searchParams.get('cluster')) &&
      // A cluster has one database.
      (!isCluster || /^\/?0?$/.test(pathname)),
  );
  return areValid ? { nodes, isCluster } : undefined;
}
