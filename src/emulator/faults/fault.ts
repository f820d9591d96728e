import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PagingFault } from '../paging.ts';
import type { Reply } from '../reply.ts';
import type { Operation } from '../routes.ts';

/** One request on its way to be answered wrongly. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly operation: Operation;
  /** Empty if there was no credential, or none that holds. */
  readonly principal: string;
  readonly origin: string;
  /** Where redirects to "another host" go. */
  readonly redirectOrigin: string;
  /** Carries the operation out and says what it answers. Done once, however often it is called. */
  answer(pagingFault?: PagingFault): Promise<Reply>;
  send(reply: Reply): void;
}

/** `argument` is what stands for N, NNN or SECONDS in the fault's name; `hit` counts its hits at this URL from 1. */
export type Fault = (exchange: Exchange, argument: string, hit: number) => Promise<void> | void;

/** By name. `NNN`, `N` and `SECONDS` in a name stand for digits. */
export type FaultTable = Readonly<Record<string, Fault>>;
