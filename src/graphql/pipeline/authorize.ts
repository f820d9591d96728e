import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Caller } from '../../auth/caller.ts';
import { rejection } from '../../errors.ts';

/** The caller of a request, or why there is none, in its public form. */
export type CallerOrError = Caller | Error;

export function isKnown(caller: CallerOrError): caller is Caller {
  return !(caller instanceof Error);
}

/** Throws when the caller may not run such an operation. Operations about the schema alone need no caller. */
export function authorize(
  { needsCaller, isMutation }: { readonly needsCaller: boolean; readonly isMutation: boolean },
  caller: CallerOrError,
): void {
  if (!needsCaller) return;
  if (!isKnown(caller)) throw caller;
  if (isMutation && !caller.mayWrite)
    throw rejection('FORBIDDEN', 'The caller may only read: mutations need the right to write.');
  if (!caller.mayRead) throw rejection('FORBIDDEN', 'The caller may not read tokens.');
}

/** `_service` is there for a router that composes, and for nothing else. */
function isAboutSchema(field: string): boolean {
  return field.startsWith('__') || field === '_service';
}

/** Whether an operation selects more than what the schema says about itself. */
export function needsCaller(operation: OperationDefinitionNode, { definitions }: DocumentNode): boolean {
  const visited = new Set<string>();
  const touchesData = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD) return !isAboutSchema(selection.name.value);
      if (selection.kind === Kind.INLINE_FRAGMENT) return touchesData(selection.selectionSet);
      const { value: name } = selection.name;
      if (visited.has(name)) return false;
      visited.add(name);
      const fragment = definitions.find(
        (node): node is FragmentDefinitionNode =>
          node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name,
      );
      return fragment !== undefined && touchesData(fragment.selectionSet);
    });
  return touchesData(operation.selectionSet);
}
