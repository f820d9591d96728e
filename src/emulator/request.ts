import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { PagingFault } from './paging.ts';
import { edgeError, type Reply } from './reply.ts';
import type { Operation } from './routes.ts';

/** One request as the emulator received it. */
export interface Call {
  readonly method: string;
  /** As sent: not decoded, not normalised, without the query. */
  readonly path: string;
  /** Without the question mark; empty if there is none. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** JSON where it parses, else the text. */
  body?: unknown;
  /** Set once the credential was accepted. */
  principal?: string;
  /** Missing for a path the API does not have. */
  operation?: Operation;
}

export interface CallLog {
  readonly calls: readonly Call[];
  add(call: Call): void;
  reset(): void;
}

/** Keeps the last `max` calls or more, at most twice as many: a demo that runs for a week must not fill the memory. */
export function createCallLog(max: number): CallLog {
  const calls: Call[] = [];
  return {
    calls,
    add(call) {
      if (calls.length >= 2 * max) calls.splice(0, calls.length - max);
      calls.push(call);
    },
    reset() {
      calls.length = 0;
    },
  };
}

/** The sender of a request, by its credential. */
export interface Caller {
  /** Owner of the tokens that are visible. */
  readonly principal: string;
  /** The token that signed in, when the credential is one that the emulator issued. */
  readonly tokenId?: string;
  /** Set for a project-scoped token only. */
  readonly projectId?: string;
}

/** A request for one operation, with its caller known. */
export interface OperationRequest {
  readonly caller: Caller;
  /** Of the path, decoded; empty for operations without one. */
  readonly tokenId: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly text: string;
  /** The origin under which the client reached the emulator, such as `http://127.0.0.1:4010`. */
  readonly origin: string;
  readonly pagingFault?: PagingFault;
}

export type Handler = (request: OperationRequest) => Promise<Reply> | Reply;

/** AWS API Gateway accepts no more. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** The whole body as text; undefined if it is too large. Rejects if the client goes before its end. */
export async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString() : undefined;
}

/** JSON where it parses, the text where it does not, undefined where there is none. */
export function toRecordedBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `Bearer x` and bare `x` are the same; with blanks inside, or empty, it is no credential. */
export function readBearer(
  authorization: string | undefined,
): { bearer: string; fault?: string } | undefined {
  const bearer = authorization?.trim().replace(/^bearer(\s+|$)/i, '') ?? '';
  if (bearer === '' || /\s/.test(bearer)) return undefined;
  const tilde = bearer.lastIndexOf('~');
  return tilde < 1 ? { bearer } : { bearer: bearer.slice(0, tilde), fault: bearer.slice(tilde + 1) };
}

/** The body as JSON, or the response of API Gateway, which checks it before the service. */
export function readJson({ contentType, text }: OperationRequest): { body: unknown } | { refusal: Reply } {
  try {
    if (/^application\/(.+\+)?json\b/i.test(contentType)) return { body: JSON.parse(text) };
  } catch {
    // The same response as to another content type.
  }
  return { refusal: edgeError(400, 'Invalid request body') };
}
