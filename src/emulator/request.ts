import type { IncomingHttpHeaders } from 'node:http';
import { parseJson } from '../json.ts';
import type { Credentials } from './credentials.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { PagingFault } from './paging.ts';
import { edgeError, Rejection, type Reply } from './reply.ts';
import type { Operation } from './routes.ts';
import type { Store } from './store.ts';

export interface Call {
  readonly method: string;
  /** The path as sent: not decoded or normalised, without the query. */
  readonly path: string;
  /** Without the question mark; empty if there is none. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** JSON where it parses, else the text. */
  body?: unknown;
  /** Set once the credential was accepted. */
  principal?: string;
  /** Missing for a path IAM does not have. */
  operation?: Operation;
}

export interface Caller {
  /** Owner of the tokens that are visible. */
  readonly principal: string;
  /** The token that signed in, when the credential is one that the emulator issued. */
  readonly tokenId?: string;
  /** Set for a project-scoped token only. */
  readonly projectId?: string;
}

export interface OperationRequest {
  readonly caller: Caller;
  /** Of the path, decoded; empty for operations without one. */
  readonly tokenId: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly text: string;
  /** The origin under which the client reached the emulator, such as `http://127.0.0.1:4010`. */
  readonly origin: string;
  readonly pagingFault: PagingFault | undefined;
}

export interface Service {
  readonly store: Store;
  readonly credentials: Credentials;
  readonly faults: FaultPlan;
  /** The received requests: at least the last `maxCalls`, at most twice as many, because a demo may run for weeks. */
  readonly calls: Call[];
  readonly maxCalls: number;
  readonly now: () => number;
  /** When each assertion that was used expires, by its issuer and `jti`. */
  readonly usedAssertions: Map<string, number>;
}

/** Carries out one operation. Throws a `Rejection` for a request that gets an error. */
export type Handler = (service: Service, request: OperationRequest) => Promise<Reply> | Reply;

/** The body as JSON. Throws the rejection of API Gateway, which checks it before IAM does. */
export function readJson({ contentType, text }: OperationRequest): unknown {
  const value = /^application\/(.+\+)?json\b/i.test(contentType) ? parseJson(text) : undefined;
  if (value === undefined) throw new Rejection(edgeError(400, 'Invalid request body'));
  return value;
}

/** Whether the body is a form, which OAuth requires, and the vendor's Java client sends to the STS too. */
export function isForm({ contentType }: OperationRequest): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(contentType);
}
