import { rejection } from '../../errors.ts';
import { authorize as authorizeCaller } from './authorize.ts';
import { checkCost, type OperationLimits } from './limits.ts';
import type { PendingOperation } from './request.ts';

/** Throws the public error when the operation may not run. Has no effect beyond the pending operation. */
export type Check = (pending: PendingOperation, limits: OperationLimits) => void;

export const authorize: Check = ({ prepared, request }) => authorizeCaller(prepared, request.caller);

export const coerceVariables: Check = (pending) => {
  const { values, problems } = pending.prepared.coerce(pending.variables);
  if (problems.length > 0) throw rejection('BAD_USER_INPUT', problems.join(' '));
  pending.variables = values;
};

export const limitCost: Check = (pending, limits) => {
  pending.cost = pending.prepared.costOf(pending.variables);
  checkCost(pending.cost, limits);
};
