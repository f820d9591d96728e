import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Caller } from '../../auth/caller.ts';
import { refusal } from '../../errors.ts';
import type { Context } from '../context.ts';

const STATUS: Readonly<Record<string, number>> = { UNAUTHENTICATED: 401, FORBIDDEN: 403 };

/**
 * Refuses an operation that its caller may not run, before anything of it runs. Introspection needs no caller: whether
 * it is served at all is another setting.
 */
export function callerGuard(): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ operation, document, contextValue }) {
          if (!operation || !needsCaller(operation, document)) return;
          const error = checkCaller(contextValue, operation.operation === 'mutation');
          if (error) throw withStatus(error);
        },
      };
    },
  };
}

/** Why the caller may not do this, or undefined. */
export function checkCaller(context: Context, isMutation: boolean): GraphQLError | undefined {
  let caller: Caller;
  try {
    caller = context.caller;
  } catch (error) {
    return error instanceof GraphQLError ? error : undefined;
  }
  if (isMutation && !caller.mayWrite)
    return refusal('FORBIDDEN', 'The caller may only read: mutations need the right to write.');
  return caller.mayRead ? undefined : refusal('FORBIDDEN', 'The caller may not read tokens.');
}

/** HTTP says the same: 401 with a challenge (RFC 6750 section 3) or 403; anything else is ours to mend: 503. */
function withStatus(error: GraphQLError): GraphQLError {
  const status = STATUS[String(error.extensions.code)] ?? 503;
  const headers = new HeaderMap();
  if (status === 401) headers.set('www-authenticate', 'Bearer');
  return new GraphQLError(error.message, { extensions: { ...error.extensions, http: { status, headers } } });
}

/** `_service` is there for a router that composes, and nowhere else. */
function isAboutSchema(field: string): boolean {
  return field.startsWith('__') || field === '_service';
}

/** Whether an operation asks for more than what the schema says of itself. */
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
