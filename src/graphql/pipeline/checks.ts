import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { Caller } from '../../auth/authenticator.ts';
import { rejection } from '../../errors.ts';
import { checkCost, type OperationLimits } from './limits.ts';
import type { PendingOperation } from './request.ts';
import { selectedFields } from './selected-fields.ts';

/** The caller of a request, or why there is none, in its public form. */
export type CallerOrError = Caller | Error;

export function isKnown(caller: CallerOrError): caller is Caller {
  return !(caller instanceof Error);
}

/** Throws the public error when the operation may not run. Has no effect beyond the pending operation. */
export type Check = (pending: PendingOperation, limits: OperationLimits) => void;

/** Whether the caller may run such an operation. Operations about the schema alone need no caller. */
export const authorize: Check = ({ prepared: { needsCaller, isMutation }, request: { caller } }) => {
  if (!needsCaller) return;
  if (!isKnown(caller)) throw caller;
  if (isMutation && !caller.mayWrite)
    throw rejection('FORBIDDEN', 'The caller may only read: mutations need the right to write.');
  if (!caller.mayRead) throw rejection('FORBIDDEN', 'The caller may not read tokens.');
};

export const coerceVariables: Check = (pending) => {
  const { values, problems } = pending.prepared.coerce(pending.variables);
  if (problems.length > 0) throw rejection('BAD_USER_INPUT', problems.join(' '));
  pending.variables = values;
};

export const limitCost: Check = (pending, limits) => {
  pending.cost = pending.prepared.costOf(pending.variables);
  checkCost(pending.cost, limits);
};

/** Whether an operation selects more than what the schema says about itself. */
export function needsCaller({ selectionSet }: OperationDefinitionNode, document: DocumentNode): boolean {
  return selectedFields(document, selectionSet, '').some(({ node }) => !isAboutSchema(node.name.value));
}

/** `_service` has the schema for a router that composes it. */
function isAboutSchema(field: string): boolean {
  return field.startsWith('__') || field === '_service';
}
