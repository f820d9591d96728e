import type { Config } from '../../config/config.ts';
import { rejection } from '../../errors.ts';
import { HttpError } from '../../http/error-response.ts';
import { checkCost } from './limits.ts';
import type { PendingOperation } from './request.ts';

/** Throws the public error when the operation may not run. Has no effect beyond the pending operation. */
export type Check = (pending: PendingOperation, config: Config) => void;

/** Rejects mutations by GET, which must not change anything (RFC 9110 section 9.2.1), and subscriptions. */
export const checkMethod: Check = ({ prepared: { operation }, request: { http } }) => {
  const kind = operation.operation;
  if (kind !== 'query' && http.method !== 'POST')
    throw new HttpError(405, `A ${kind} cannot be sent by GET. Send it by POST.`, { allow: 'POST' });
  if (kind === 'subscription') throw rejection('BAD_REQUEST', 'Subscriptions are not supported.');
};

/** Whether the caller may run such an operation. Operations about the schema alone need no caller. */
export const authorize: Check = ({ prepared: { needsCaller, isMutation }, request: { caller } }) => {
  if (!needsCaller) return;
  if (caller instanceof Error) throw caller;
  if (isMutation && !caller.mayWrite)
    throw rejection('FORBIDDEN', 'The caller may only read: mutations need the right to write.');
};

export const coerceVariables: Check = (pending) => {
  const { values, problems } = pending.prepared.coerce(pending.variables);
  if (problems.length > 0) throw rejection('BAD_USER_INPUT', problems.join(' '));
  pending.variables = values;
};

export const limitCost: Check = (pending, { limits }) => {
  pending.cost = pending.prepared.costOf(pending.variables);
  checkCost(pending.cost, limits);
};
