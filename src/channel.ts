import type { Worker } from 'node:cluster';

/** Environment variable in which the primary process gives a worker its settings, as JSON. */
export const WORKER_VARIABLE = 'TOKENS_GATEWAY_WORKER';

export interface WorkerSettings {
  readonly emulator?: { readonly url: string; readonly tokenEndpoint: string } | undefined;
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

/**
 * The end of the channel in this process: `worker` is `cluster.worker` in a worker, and the worker in its primary process.
 * Called once for each. Ignores other messages, because Node.js and its tools use the same connection.
 */
export function createChannel(worker: Pick<Worker, 'send' | 'on'>): Channel {
  // Without the callback, a failure to send would be an `error` event, which would end this process.
  const send = (message: Request | Response) => worker.send(message, () => {});
  const waiting = new Map<number, (response: Response) => void>();
  const handlers = new Map<Topic, (content: never) => unknown>();
  let lastId = 0;
  const respond = async ({ id, topic, content }: Request) => {
    const response = { mark: MARK, id, isDone: true } as const;
    try {
      const handler = handlers.get(topic) as (content: unknown) => unknown;
      send({ ...response, reply: await handler(content) });
    } catch {
      send({ ...response, isDone: false });
    }
  };
  worker.on('message', (message: unknown) => {
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
        send({ mark: MARK, id, topic, content });
      });
    },
    handle: (topic, handler) => handlers.set(topic, handler),
  };
}

function isOurs(message: unknown): message is Request | Response {
  return typeof message === 'object' && message !== null && 'mark' in message && message.mark === MARK;
}
