import { isIP } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';
import { Cluster, Redis, type StandaloneConnectionOptions } from 'ioredis';
import { StandaloneConnector } from 'ioredis/built/connectors/index.js';
import { type RedisAddress, readRedisAddress } from '../config/urls.ts';
import { explainConnectionFailure } from '../connection-failure.ts';
import { NoReply, replyWithin, trackAvailability } from './availability.ts';
import { StateUnavailable } from './records.ts';

/** The commands that are used here. A single server and a cluster have the same. */
type Commands = Pick<Redis, 'get' | 'set' | 'del' | 'pttl' | 'eval'>;

/** The purposes of state in Redis, as named in logs and metrics. */
export type StateUse = 'idempotency' | 'rate_limits' | 'persisted_queries' | 'writes';

/** A connection to Redis or Valkey, which may be unavailable at any time. */
export type RedisConnection = ReturnType<typeof connectToRedis>;

export const PREFIX = 'tokens-gateway:';
const CLUSTER_PROBES = 16;

const LOST = 'Redis is lost: state is kept in memory, and creates with a key are rejected';
const WARN_INTERVAL_MS = 60_000;

const explain = (cause: string) => explainConnectionFailure(cause, 'REDIS_URL');

/**
 * Connects in the background, for as long as it takes. The probe writes, because a server that is full or a read-only
 * replica cannot be used. In a cluster it writes several keys, so that it reaches every node; the loss of one node counts
 * as the loss of the whole. Logs each loss and return, and rejected commands once for each purpose until the next loss.
 * `url` is as `REDIS_URL`: it holds the password, so it is never part of a message.
 */
export function connectToRedis(url: string, commandTimeoutMs: number, log: FastifyBaseLogger) {
  const address = readRedisAddress(url) as RedisAddress;
  const { database } = address;
  const redis = connect(address, 2 * commandTimeoutMs);
  const probes = redis instanceof Cluster ? CLUSTER_PROBES : 1;
  const rejections = new Set<string>();
  const failures = { idempotency: 0, rate_limits: 0, persisted_queries: 0, writes: 0, probe: 0 };
  // Commands fail with little more than "connection closed"; the reason comes in a separate event.
  let connectionError: unknown;
  let reminder: NodeJS.Timeout | undefined;
  let isClosed = false;

  const probe = async () => {
    const keys = Array.from({ length: probes }, (_, index) => `${PREFIX}probe:{${index}}`);
    // When ioredis cannot select the database, it continues with database 0.
    const select = database === 0 ? [] : [redis.select(database)];
    const sets = keys.map((key) => redis.set(key, '1', 'PX', 60_000));
    try {
      await replyWithin(commandTimeoutMs, Promise.all([...select, ...sets]));
    } catch (error) {
      failures.probe++;
      if (!isClosed) connectAnew(redis);
      throw error;
    }
  };
  const causeOf = (error: unknown) => {
    // A rejected probe closes the connection; the close is not the cause.
    const before = availability.isUp() ? '' : availability.cause();
    return codeOf(error) ?? codeOf(connectionError) ?? (before || 'no connection');
  };
  const availability = trackAvailability({
    probe,
    causeOf,
    onChange(change) {
      clearInterval(reminder);
      if (change === 'back') {
        rejections.clear();
        log.info('Redis is back');
        return;
      }
      warn();
      reminder = setInterval(warn, WARN_INTERVAL_MS).unref();
    },
  });
  const warn = () => {
    const cause = availability.cause();
    const { problem, hint } = explain(cause);
    log.warn({ cause, problem, hint }, LOST);
  };
  redis.on('ready', () => {
    connectionError = undefined;
    void availability.check();
  });
  redis.on('close', () => availability.lose(causeOf(undefined)));
  // Without a listener ioredis prints errors.
  for (const event of ['error', 'node error'])
    redis.on(event, (error: unknown) => {
      connectionError = error;
    });
  redis.connect().catch((error) => availability.lose(causeOf(error)));
  const fail = (use: StateUse, message: string) => {
    failures[use]++;
    return new StateUnavailable(message);
  };

  return {
    /** Why Redis cannot be used, in a few words; `''` if not known yet; undefined while it can be used. */
    whyUnreachable: () => (availability.isUp() ? undefined : explain(availability.cause()).problem),
    /** `performance.now()` of the last time that Redis came back: earlier state may be lost. */
    upSince: availability.upSince,
    /** How often Redis did not serve a use, or a probe. */
    failures,
    /** Runs commands. Rejects with `StateUnavailable` within the time of one command, and at once while Redis is lost. */
    async run<Value>(use: StateUse, commands: (redis: Commands) => Promise<Value>): Promise<Value> {
      if (!availability.isUp()) throw fail(use, 'Redis is unavailable');
      try {
        return await replyWithin(commandTimeoutMs, commands(redis as Commands));
      } catch (error) {
        // The error itself is dropped, because errors of ioredis contain the command with its arguments.
        const code = codeOf(error) ?? 'unknown';
        if (isLoss(error)) {
          availability.lose(causeOf(error));
          throw fail(use, `Redis is lost (${causeOf(error)})`);
        }
        if (!rejections.has(`${use} ${code}`))
          log.error({ use, code, hint: explain(code).hint }, 'Redis rejects a command');
        rejections.add(`${use} ${code}`);
        throw fail(use, `Redis rejected a command (${code})`);
      }
    },
    /** Closes at once, without waiting for commands. */
    close(): void {
      isClosed = true;
      clearInterval(reminder);
      availability.close();
      redis.disconnect();
    },
  };
}

/** Reconnects after each failed probe, because ioredis alone does not always do it. */
function connectAnew(redis: Redis | Cluster): void {
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
 * User, password and TLS of the first URL apply to all nodes of a cluster, because most nodes are known only from the
 * cluster.
 */
function connect(
  { nodes, isCluster, database, username, password }: RedisAddress,
  commandTimeout: number,
): Redis | Cluster {
  const isSecure = nodes[0]?.protocol === 'rediss:';
  const redisOptions = {
    ...CONNECTION,
    // A timeout for the commands of ioredis itself, when a server accepts the connection and does not respond.
    commandTimeout,
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
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

/** Replies that mean that the whole server cannot be used now. An error of a script has the code within its text. */
const LOSS =
  /(?:^|[\s-])(OOM|READONLY|LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS|NOAUTH|WRONGPASS)\b/;

/** Any other failure than an error reply is a lost connection or a timeout. */
function isLoss(error: unknown): boolean {
  return !isErrorReply(error) || LOSS.test(error.message);
}

/** The first word of an error reply, which is a code, or the code of Node.js for a failed connection. Never a message. */
function codeOf(error: unknown): string | undefined {
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
