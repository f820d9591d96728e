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

/** A request if it has a topic, else the reply to the one with this id. */
interface Message {
  readonly mark: typeof MARK;
  readonly id: number;
  readonly topic?: Topic;
  readonly content?: unknown;
  /** The request failed. Errors stay in the process that they belong to. */
  readonly isFailure?: boolean;
}

const MARK = 'tokens-gateway';

/**
 * The end of the channel in this process: `worker` is `cluster.worker` in a worker, and the worker in its primary process.
 * Called once for each. Ignores other messages, because Node.js and its tools use the same connection.
 */
export function createChannel(worker: Pick<Worker, 'send' | 'on'>): Channel {
  // Without the callback, a failure to send would be an `error` event, which would end this process.
  const send = (message: Omit<Message, 'mark'>) => worker.send({ mark: MARK, ...message }, () => {});
  const waiting = new Map<number, (reply: Message) => void>();
  const handlers = new Map<Topic, (content: never) => unknown>();
  let lastId = 0;
  const respond = async (id: number, topic: Topic, content: unknown) => {
    try {
      const handler = handlers.get(topic) as (content: unknown) => unknown;
      send({ id, content: await handler(content) });
    } catch {
      send({ id, isFailure: true });
    }
  };
  worker.on('message', (message: unknown) => {
    if (!isOurs(message)) return;
    const { id, topic, content } = message;
    if (topic) return void respond(id, topic, content);
    waiting.get(id)?.(message);
    waiting.delete(id);
  });
  return {
    request<Reply>(topic: Topic, content?: unknown): Promise<Reply> {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, ({ isFailure, content: reply }) =>
          isFailure ? reject(new Error(`the other process failed at ${topic}`)) : resolve(reply as Reply),
        );
        send({ id, topic, content });
      });
    },
    handle: (topic, handler) => handlers.set(topic, handler),
  };
}

function isOurs(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'mark' in message && message.mark === MARK;
}
