/** Environment variable in which the primary process gives a worker its settings, as JSON. */
export const WORKER_VARIABLE = 'TOKENS_GATEWAY_WORKER';

export interface WorkerSettings {
  /** The emulator of the primary process, if it has one. */
  readonly emulator?: { readonly url: string; readonly tokenEndpoint: string } | undefined;
  readonly logLevel: string;
}

const MARK = 'tokens-gateway:process';
const REPORT_MS = 200;

interface Marked {
  readonly mark: typeof MARK;
}

type Report =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** A message from a worker to its primary process. */
export type FromWorker = Marked & Report;

/** A message from the primary process to a worker. */
export type ToWorker = Marked & { readonly logLevel: string };

export function toWorker(logLevel: string): ToWorker {
  return { mark: MARK, logLevel };
}

/** In a worker. Resolves when the report is sent, or cannot be sent. */
export function reportToPrimary(report: Report): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, REPORT_MS).unref();
    process.send?.({ mark: MARK, ...report }, undefined, undefined, () => resolve());
  });
}

/** The same channel carries messages of other parts. */
export function isForProcess<Message extends FromWorker | ToWorker>(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'mark' in message && message.mark === MARK;
}
