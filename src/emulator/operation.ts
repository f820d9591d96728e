import type { PagingFault } from './paging.ts';
import { edgeError, type Reply } from './reply.ts';

/** Who asks: whose tokens are shown, and by which credential. */
export interface Caller {
  readonly principal: string;
  /** The token that signed in, when the credential is one that the emulator issued. */
  readonly tokenId?: string;
  /** Set for a project-scoped token only. */
  readonly projectId?: string;
}

/** One request, read, with its caller known. */
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

/** The body as JSON, or what API Gateway answers before the service sees it. */
export function readJson({ contentType, text }: OperationRequest): { body: unknown } | { refusal: Reply } {
  try {
    if (/^application\/(.+\+)?json\b/i.test(contentType)) return { body: JSON.parse(text) };
  } catch {
    // Falls through to the refusal.
  }
  return { refusal: edgeError(400, 'Invalid request body') };
}
