import { Redis } from 'ioredis';

/** One connection to Redis or Valkey that may be away at any time. */
export interface SharedState {
  /** Runs commands. Rejects with `StateLost` within the time of one command, and at once while the server is away. */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<T>;
  isUp(): boolean;
  /** At once: nothing is waited for. */
  close(): void;
}

/** Redis did not answer, or refused because it is full. What was asked may have been done all the same. */
export class StateLost extends Error {
  override readonly name = 'StateLost';
}

interface SharedStateOptions {
  /** `redis://` or `rediss://`. Holds the password, so it is never part of a message. */
  readonly url: string;
  /** Called once for each change. */
  readonly onChange: (change: 'lost' | 'back') => void;
}

export const PREFIX = 'tokens-gateway:';
const COMMAND_TIMEOUT_MS = 500;
const PROBE_LOST_EVERY_MS = 250;
const PROBE_EVERY_MS = 1000;

/**
 * Connects in the background, for as long as it takes. One command that fails ends the use of the server for everybody,
 * so that a slow one does not cost each request its timeout; a probe finds out when it is back, and that it is away
 * while nobody asks. The probe writes: a server that is full or only a replica is as good as none.
 */
export function connectSharedState({ url, onChange }: SharedStateOptions): SharedState {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    // A write that came too late must not be repeated behind the back of whoever gave it up.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: 1500,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 2000),
  });
  let isUp = false;
  let isClosed = false;
  // Unknown at first, so that a start without Redis is told as well.
  let told: 'lost' | 'back' | undefined;
  let probing: NodeJS.Timeout | undefined;

  const tell = (change: 'lost' | 'back') => {
    isUp = change === 'back';
    // A start with Redis is no news.
    if (told !== change && !isClosed && !(told === undefined && isUp)) onChange(change);
    told = change;
  };
  const probe = async () => {
    try {
      await redis.set(`${PREFIX}probe`, '1', 'PX', 60_000);
      tell('back');
      probeLater(PROBE_EVERY_MS);
    } catch {
      lose();
      // A connection on which nothing is answered may be one to a machine that is gone.
      if (redis.status === 'ready') redis.disconnect(true);
    }
  };
  const probeLater = (ms: number) => {
    if (isClosed) return;
    clearTimeout(probing);
    probing = setTimeout(probe, ms);
    probing.unref();
  };
  const lose = () => {
    tell('lost');
    probeLater(PROBE_LOST_EVERY_MS);
  };
  redis.on('ready', probe);
  redis.on('close', lose);
  // Without a listener ioredis prints errors. What they mean is told by `onChange`.
  redis.on('error', () => {});
  redis.connect().catch(lose);

  return {
    isUp: () => isUp,
    async run(commands) {
      if (!isUp) throw new StateLost('the shared state is away');
      try {
        return await commands(redis);
      } catch {
        lose();
        // The cause is left out: ioredis' errors hold the command with its arguments.
        throw new StateLost('the shared state did not answer');
      }
    },
    close() {
      isClosed = true;
      clearTimeout(probing);
      redis.disconnect();
    },
  };
}
