import type { FastifyBaseLogger } from 'fastify';
import { Cluster, type Redis } from 'ioredis';
import type { RedisAddress } from '../config/urls.ts';
import { explainConnectionFailure } from '../connection-failure.ts';
import { createWarnLimit } from '../telemetry/failures.ts';
import { StateUnavailable } from './records.ts';
import { codeOf, connectAnew, createRedisClient, isLoss } from './redis-client.ts';
import { replyWithin } from './reply-within.ts';

/** The commands that are used here. A single server and a cluster have the same. */
type Commands = Pick<Redis, 'get' | 'set' | 'pttl' | 'eval'>;
type Send<Reply> = (redis: Commands) => Promise<Reply>;

/** The purposes of state in Redis, as named in logs and metrics. */
export type StateUse = 'idempotency' | 'rate_limits' | 'persisted_queries' | 'writes';

/** A connection to Redis or Valkey, which may be unavailable at any time. */
export type RedisConnection = ReturnType<typeof connectToRedis>;

export const PREFIX = 'tokens-gateway:';
const CLUSTER_PROBES = 16;
const PROBE_MS = 1000;
const PROBE_LOST_MS = 250;
/** A look-up of the host that gets no reply takes up to half a minute, in which no event comes. */
const FIRST_CONNECTION_MS = 3000;

const LOST = 'Redis is lost: state is kept in memory, and creates with a key are rejected';

/** The types of a reply and of its items. A null stands for a missing text. */
const formOf = (reply: unknown): string =>
  Array.isArray(reply) ? `[${reply.map(formOf)}]` : typeof (reply ?? '');

/** The reply. Throws for another form: what is between the gateway and Redis has mixed up the replies. */
function checkForm<Reply>(reply: Reply, form: string): Reply {
  if (formOf(reply) === form) return reply;
  throw Object.assign(new Error(), { code: 'unexpected reply' });
}

const explain = (cause: string) => explainConnectionFailure(cause, 'REDIS_URL');

/**
 * Connects in the background, for as long as it takes. After one failure no request uses Redis, so that requests do not each
 * wait for a timeout. Probes detect its return, and its loss while no request uses it. It counts as lost until the first
 * probe.
 *
 * A probe writes, because a server that is full or a read-only replica cannot be used. In a cluster it writes several keys,
 * so that it reaches every node; the loss of one node counts as the loss of the whole. Causes of losses and rejected commands
 * are logged once a minute, and a return only after a loss that was logged. `address` holds the password, so it is never part
 * of a message.
 */
export function connectToRedis(address: RedisAddress, commandTimeoutMs: number, log: FastifyBaseLogger) {
  const redis = createRedisClient(address, 2 * commandTimeoutMs);
  const probes = redis instanceof Cluster ? CLUSTER_PROBES : 1;
  const failures = { idempotency: 0, rate_limits: 0, persisted_queries: 0, writes: 0, probe: 0 };
  /** Undefined until the first probe or failure. */
  let isUp: boolean | undefined;
  let upSince = Number.NEGATIVE_INFINITY;
  let cause = '';
  // Commands fail with little more than "connection closed"; the reason comes in a separate event.
  let connectionError: unknown;
  const mayWarn = createWarnLimit();
  /** Whether the log says that Redis is lost. */
  let isReported = false;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const probeLater = (ms: number) => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(probe, ms).unref();
  };
  const lose = (error?: unknown) => {
    // A rejected probe closes the connection; the close is not the cause.
    const before = isUp ? '' : cause;
    cause = codeOf(error) ?? codeOf(connectionError) ?? (before || 'no connection');
    isUp = false;
    probeLater(PROBE_LOST_MS);
    if (isClosed || !mayWarn(cause)) return;
    isReported = true;
    log.warn({ cause, ...explain(cause) }, LOST);
  };
  const sendProbe = () => {
    const keys = Array.from({ length: probes }, (_, index) => `${PREFIX}probe:{${index}}`);
    // When ioredis cannot select the database, it continues with database 0.
    const select = address.database === 0 ? [] : [redis.select(address.database)];
    const sets = keys.map((key) => redis.set(key, '1', 'PX', 60_000));
    return replyWithin(commandTimeoutMs, Promise.all([...select, ...sets]));
  };
  const probe = async () => {
    try {
      for (const reply of await sendProbe()) checkForm(reply, 'string');
    } catch (error) {
      failures.probe++;
      if (!isClosed) connectAnew(redis);
      return lose(error);
    }
    probeLater(PROBE_MS);
    if (isUp === false) upSince = performance.now();
    if (isReported && !isClosed) log.info('Redis is back');
    isReported = false;
    isUp = true;
  };
  redis.on('ready', () => {
    connectionError = undefined;
    void probe();
  });
  redis.on('close', () => lose());
  // Without a listener ioredis prints errors.
  for (const event of ['error', 'node error'])
    redis.on(event, (error: unknown) => {
      connectionError = error;
    });
  redis.connect().catch(lose);
  timer = setTimeout(lose, FIRST_CONNECTION_MS, { code: 'ETIMEDOUT' }).unref();
  const fail = (use: StateUse, message: string) => {
    failures[use]++;
    return new StateUnavailable(message);
  };

  return {
    /** Why Redis cannot be used, in a few words; `''` if not known yet; undefined while it can be used. */
    whyUnreachable: () => (isUp ? undefined : explain(cause).problem),
    /** `performance.now()` of the last time that Redis came back: earlier state may be lost. */
    upSince: () => upSince,
    /** How often Redis did not serve a use, or a probe. */
    failures,
    /**
     * Runs commands whose reply has this form. Rejects with `StateUnavailable` within the time of one command, and at once
     * while Redis is lost.
     */
    async run<Reply>(use: StateUse, form: string, commands: Send<Reply>): Promise<Reply> {
      if (!isUp) throw fail(use, 'Redis is unavailable');
      try {
        return checkForm(await replyWithin(commandTimeoutMs, commands(redis as Commands)), form);
      } catch (error) {
        // The error itself is dropped, because errors of ioredis contain the command with its arguments.
        if (isLoss(error)) {
          lose(error);
          throw fail(use, `Redis is lost (${cause})`);
        }
        const code = codeOf(error) ?? 'unknown';
        if (mayWarn(`${use} ${code}`))
          log.error({ use, code, hint: explain(code).hint }, 'Redis rejects a command');
        throw fail(use, `Redis rejected a command (${code})`);
      }
    },
    /** Closes at once, without waiting for commands. */
    close(): void {
      isClosed = true;
      clearTimeout(timer);
      redis.disconnect();
    },
  };
}
