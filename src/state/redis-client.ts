import { isIP } from 'node:net';
import { Cluster, Redis, type StandaloneConnectionOptions } from 'ioredis';
import { StandaloneConnector } from 'ioredis/built/connectors/index.js';
import type { RedisAddress } from '../config/urls.ts';
import { NoReply } from './reply-within.ts';

/** A command that timed out must not be sent again later. */
const NEVER_LATER = { lazyConnect: true, enableOfflineQueue: false } as const;
const CONNECTION = {
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 1500,
  // The probe replaces ioredis' own check, which needs the right to run INFO and otherwise prints a warning.
  enableReadyCheck: false,
};
const retryMs = (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 2000);

/**
 * A client that connects when its `connect` is called. User, password and TLS of the first URL apply to all nodes of a
 * cluster, because most nodes are known only from the cluster.
 */
export function createRedisClient(
  { nodes, isCluster, database, username, password }: RedisAddress,
  commandTimeout: number,
): Redis | Cluster {
  const isSecure = nodes[0]?.protocol === 'rediss:';
  const redisOptions = {
    ...CONNECTION,
    // A timeout for the commands of ioredis itself, when a server accepts the connection and does not respond.
    commandTimeout,
    // Empty texts are not sent.
    username,
    password,
    ...(isSecure ? { tls: {} } : {}),
    Connector,
  };
  const hosts = nodes.map(({ hostname, port }) => ({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
  }));
  if (!isCluster)
    return new Redis({ ...redisOptions, ...hosts[0], db: database, ...NEVER_LATER, retryStrategy: retryMs });
  const cluster = new Cluster(hosts, {
    ...NEVER_LATER,
    clusterRetryStrategy: retryMs,
    redisOptions,
    // Otherwise ioredis connects to the address of a node, which its certificate does not have.
    ...(isSecure && { dnsLookup: (host, callback) => callback(null, host) }),
  });
  // ioredis reconnects to these nodes only. Those of REDIS_URL may be gone after a failover.
  cluster.on('refresh', () => {
    const known = cluster.nodes().map(({ options: { host, port } }) => ({ host, port }));
    Object.assign(cluster, { startupNodes: [...hosts, ...known] });
  });
  return cluster;
}

class Connector extends StandaloneConnector {
  /** Names the host in the TLS handshake (SNI, RFC 6066), as servers behind one address require. ioredis does not. */
  constructor(given: unknown) {
    const options = given as StandaloneConnectionOptions;
    const { host = '', tls } = options;
    super(isIP(host) || !tls ? options : { ...options, tls: { servername: host } });
  }

  /** The time to connect begins after the look-up of the host: with slow DNS it would always be too short. */
  override async connect(...given: Parameters<StandaloneConnector['connect']>) {
    const stream = await super.connect(...given);
    if (!isIP(this.options.host ?? ''))
      await new Promise<unknown>((resolve) => stream.once('lookup', resolve).once('close', resolve));
    return stream;
  }
}

/** Reconnects after each failed probe, because ioredis alone does not always do it. */
export function connectAnew(redis: Redis | Cluster): void {
  switch (redis.status) {
    // A connection without replies may lead to a machine that no longer exists.
    case 'ready':
    // A cluster's client waits for the end of all connections, but a redirection that arrives meanwhile opens another one.
    case 'disconnecting':
      redis.disconnect(true);
      break;
    // The last connection ended while the client was looking up the address for a new one, and the client gave up.
    case 'close':
      redis.connect().catch(() => {});
  }
}

/** Replies that mean that the whole server cannot be used now. An error of a script has the code within its text. */
const LOSS =
  /(?:^|[\s-])(OOM|READONLY|LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS|NOAUTH|WRONGPASS)\b/;

/** Any other failure than an error reply is a lost connection or a timeout. */
export function isLoss(error: unknown): boolean {
  return !isErrorReply(error) || LOSS.test(error.message);
}

/** The first word of an error reply, which is a code, or the code of Node.js for a failed connection. Never a message. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof NoReply) return 'no reply';
  if (isErrorReply(error)) return LOSS.exec(error.message)?.[1] ?? /^[A-Z]+/.exec(error.message)?.[0];
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'lastNodeError' in error ? codeOf(error.lastNodeError) : undefined;
}

/** Compares the name: in tests, errors of Node.js and of packages may be instances of another realm's classes. */
function isErrorReply(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'ReplyError';
}
