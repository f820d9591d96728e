import type { Worker } from 'node:cluster';

/** Environment variable in which the primary process gives a worker its settings, as JSON. */
export const WORKER_VARIABLE = 'TOKENS_GATEWAY_WORKER';

export interface WorkerSettings {
  readonly emulator?: { readonly url: string; readonly tokenEndpoint: string } | undefined;
  readonly logLevel: string;
}

/**
 * - `listening`: a worker reports its URL. The primary process replies with the log level.
 * - `problems`: a worker reports why it cannot start, one line each.
 * - `log-level`: a worker changes to this level.
 * - `metrics`: a worker replies with its metrics.
 * - `readiness`: a worker replies with what its `/readyz` says.
 * - `state`: the primary process replies with state that its workers share.
 */
type Topic = 'listening' | 'problems' | 'log-level' | 'metrics' | 'readiness' | 'state';

/** One end of the channel between a worker and its primary process. Both run the same code, so the types fit. */
export interface Channel {
  /** Resolves to the reply. Rejects when the other process could not handle the request. Pending while there is no reply. */
  request<Reply>(topic: Topic, content?: unknown): Promise<Reply>;
  /** Handles the requests of a topic. What `handler` returns or resolves to is the reply. */
  handle<Content>(topic: Topic, handler: (content: Content) => unknown): void;
}

const MARK = 'tokens-gateway';

interface Request {
  readonly mark: typeof MARK;
  readonly id: number;
  readonly topic: Topic;
  readonly content: unknown;
}

/** `reply` is absent when the request failed: errors stay in the process that they belong to. */
interface Response {
  readonly mark: typeof MARK;
  readonly id: number;
  readonly isDone: boolean;
  readonly reply?: unknown;
}

/** The end of the channel in a worker. Called once. */
export function channelToPrimary(): Channel {
  return createChannel(
    // Without the callback, here and below, a failure to send would be an `error` event, which would end this process.
    (message) => process.send?.(message, undefined, undefined, () => {}),
    (listener) => process.on('message', listener),
  );
}

/** The end of the channel in the primary process. Called once for each worker. */
export function channelToWorker(worker: Worker): Channel {
  return createChannel(
    (message) => worker.send(message, () => {}),
    (listener) => worker.on('message', listener),
  );
}

/** Ignores other messages, because Node.js and its tools use the same connection. */
export function createChannel(
  send: (message: object) => void,
  onMessage: (listener: (message: unknown) => void) => void,
): Channel {
  const waiting = new Map<number, (response: Response) => void>();
  const handlers = new Map<Topic, (content: never) => unknown>();
  let lastId = 0;
  const respond = async ({ id, topic, content }: Request) => {
    const response = { mark: MARK, id, isDone: true } as const;
    try {
      const handler = handlers.get(topic) as (content: unknown) => unknown;
      send({ ...response, reply: await handler(content) } satisfies Response);
    } catch {
      send({ ...response, isDone: false } satisfies Response);
    }
  };
  onMessage((message) => {
    if (!isOurs(message)) return;
    if ('topic' in message) void respond(message);
    else {
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
  });
  return {
    request<Reply>(topic: Topic, content?: unknown): Promise<Reply> {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, ({ isDone, reply }) =>
          isDone ? resolve(reply as Reply) : reject(new Error(`the other process failed at ${topic}`)),
        );
        send({ mark: MARK, id, topic, content } satisfies Request);
      });
    },
    handle: (topic, handler) => handlers.set(topic, handler),
  };
}

function isOurs(message: unknown): message is Request | Response {
  return typeof message === 'object' && message !== null && 'mark' in message && message.mark === MARK;
}
