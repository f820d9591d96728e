import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import type { Context } from '../context.ts';
import { findConditions, specialize } from './apply-skip-include.ts';
import { canCompile } from './can-compile.ts';
import { createErrorFilter } from './propagated-errors.ts';

/** One operation that passed every check. */
export interface Execution {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Hash of the document's text. With the name of the operation it is the key of the compiled function. */
  readonly documentHash: string;
  readonly operationName: string | undefined;
  /** Coerced, with their defaults. */
  readonly variables: Variables;
  /** Undefined for an operation about the schema alone. */
  readonly context: Context | undefined;
}

export interface Executor {
  /** Data, errors and their paths are those of graphql-js. Never rejects: failures are in the result. */
  execute(execution: Execution): Promise<ExecutionResult>;
  readonly counts: { readonly hits: number; readonly misses: number; readonly size: number };
}

export interface ExecutorOptions {
  /** Size of the LRU cache of compiled operations; 0 disables compilation. */
  readonly maxCompiled: number;
  /** How often an operation is interpreted before it is compiled. */
  readonly compileAfter: number;
}

type Compiled = (context: Context | undefined, variables: Variables) => Promise<ExecutionResult>;
type Variables = Readonly<Record<string, unknown>>;

/** Each such variable doubles the number of functions. */
const MAX_CONDITIONS = 6;

/**
 * Compiles queries to functions, which run several times faster than graphql-js interprets them. Compiling costs as
 * much as some requests, so an operation is interpreted at first: a document with literals may never come again.
 */
export function createExecutor(
  schema: GraphQLSchema,
  { maxCompiled, compileAfter }: ExecutorOptions,
): Executor {
  // A number says how often the operation was interpreted.
  const known = new LRUCache<string, Compiled | number>({ max: Math.max(1, maxCompiled) });
  const conditionsOf = createConditions(schema);
  const counts = { hits: 0, misses: 0 };

  const find = (execution: Execution): Compiled | undefined => {
    const conditions = maxCompiled === 0 ? undefined : conditionsOf(execution);
    if (!conditions) return undefined;
    const { documentHash, operationName = '', variables } = execution;
    const key = [documentHash, operationName, ...conditions.map((name) => variables[name] === true)].join(
      ' ',
    );
    const found = known.get(key) ?? 0;
    if (typeof found === 'function') return found;
    const compiled = found >= compileAfter ? compile(schema, execution) : undefined;
    known.set(key, compiled ?? found + 1);
    return compiled;
  };

  return {
    async execute(execution) {
      const compiled = find(execution);
      const { document, operationName, variables, context } = execution;
      if (compiled) {
        counts.hits++;
        return compiled(context, variables);
      }
      counts.misses++;
      return execute({ schema, document, operationName, variableValues: variables, contextValue: context });
    },
    get counts() {
      return { ...counts, size: known.size };
    },
  };
}

/** The variables in `@skip` and `@include` of an operation. Undefined: it is never compiled. */
function createConditions(schema: GraphQLSchema) {
  const known = new WeakMap<OperationDefinitionNode, { readonly names: readonly string[] | undefined }>();
  return ({ document, operation }: Execution): readonly string[] | undefined => {
    let conditions = known.get(operation);
    if (!conditions) {
      const names = canCompile(schema, document, operation) ? findConditions(document) : undefined;
      conditions = { names: names && names.length <= MAX_CONDITIONS ? names : undefined };
      known.set(operation, conditions);
    }
    return conditions.names;
  };
}

/** Undefined if graphql-jit does not support the operation: it is interpreted then. */
function compile(
  schema: GraphQLSchema,
  { document, operation, operationName, variables: first }: Execution,
): Compiled | undefined {
  const compiled = compileQuery(schema, specialize(document, first), operationName, {
    disablingCapturingStackErrors: true,
    // Types of IAM's responses are checked when they arrive, and no scalar or enum of the schema has another form inside.
    disableLeafSerialization: true,
  });
  if (!isCompiledQuery(compiled)) return undefined;
  const reportedOf = createErrorFilter(schema, document, operation);
  return async (context, variables) => {
    const result = await compiled.query(undefined, context, variables);
    return result.errors ? { ...result, errors: reportedOf(result.errors).map(toGraphQLError) } : result;
  };
}

/** graphql-jit's errors are read-only objects that only look like GraphQL errors, and some have no extensions. */
function toGraphQLError({ message, path, locations, originalError }: GraphQLError): GraphQLError {
  const error = new GraphQLError(message, { path, originalError });
  return Object.defineProperty(error, 'locations', { value: locations, enumerable: true });
}
