import type { Server } from 'node:http';
import type { HttpError } from './error-response.ts';
import { onClose } from './on-close.ts';

/** A response that was sent to its end. */
export interface SentResponse {
  readonly method: string;
  /** Without its query. It is the client's text. */
  readonly path: string;
  readonly status: number;
  /** From the head of the request to the last byte of the response. */
  readonly ms: number;
}

export interface ResponseObserver {
  onResponse(response: SentResponse): void;
  /** What was sent on a connection from which no request could be read. */
  onRejection(rejection: HttpError, requestId: string): void;
}

/** The event of a socket on which such a rejection is sent. */
export const REJECTED = 'tokens-gateway:rejected';

/** Reports every response of a server, whichever of its layers sends it. */
export function observeResponses(server: Server, observer: ResponseObserver): void {
  server.on('connection', (socket) => socket.once(REJECTED, observer.onRejection));
  server.prependListener('request', ({ method = '', url = '' }, response) => {
    const startedAt = performance.now();
    onClose(response, () => {
      // The client left.
      if (!response.writableFinished) return;
      const [path = ''] = url.split('?', 1);
      observer.onResponse({ method, path, status: response.statusCode, ms: performance.now() - startedAt });
    });
  });
}
