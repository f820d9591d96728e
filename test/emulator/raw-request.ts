import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface RawAnswer {
  readonly head: { readonly status: number | undefined; readonly headers: IncomingHttpHeaders };
  /** As far as it came. */
  readonly body: string;
  /** `complete`, `still waiting`, or the code of the error that ended it. */
  readonly end: string;
}

/** A GET on a connection of its own, by the plainest client there is; never rejects. */
export function rawRequest(url: string, headers: Record<string, string>, limitMs = 3000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let response: IncomingMessage | undefined;
    const finish = (end: string): void => {
      clearTimeout(timer);
      const head = { status: response?.statusCode, headers: response?.headers ?? {} };
      resolve({ head, body: Buffer.concat(chunks).toString(), end });
      if (end !== 'complete') outgoing.destroy();
    };
    const timer = setTimeout(() => finish('still waiting'), limitMs);
    const outgoing = request(url, { agent: new Agent({ keepAlive: true }), headers });
    outgoing.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    outgoing.on('response', (incoming) => {
      response = incoming;
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => finish('complete'));
      incoming.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    });
    outgoing.end();
  });
}
