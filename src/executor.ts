import { type DocumentNode, type ExecutionResult, execute, GraphQLError, type GraphQLSchema } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import type { Context } from './context.ts';

/** One operation that passed every check. */
export interface Execution {
  readonly document: DocumentNode;
  /** Of the document's text: what is compiled is kept under it. */
  readonly documentHash: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly context: Context;
}

export interface Executor {
  /** Data, errors and their paths are those of graphql-js. Never rejects: what fails is in the result. */
  execute(execution: Execution): Promise<ExecutionResult>;
  readonly counts: { readonly hits: number; readonly misses: number; readonly size: number };
}

export interface ExecutorOptions {
  /** 0 compiles nothing. */
  readonly maxCompiled: number;
  /** How often an operation is interpreted before it is compiled. */
  readonly compileAfter: number;
}

type Compiled = (context: Context, variables: object) => ExecutionResult | Promise<ExecutionResult>;

/**
 * Compiles operations to functions, which run several times faster than they are interpreted. Compiling costs as much
 * as some requests do, so what is seen for the first time is interpreted: a document with literals may never come again.
 */
export function createExecutor(
  schema: GraphQLSchema,
  { maxCompiled, compileAfter }: ExecutorOptions,
): Executor {
  // A number says how often it was interpreted.
  const known = new LRUCache<string, Compiled | number>({ max: Math.max(1, maxCompiled) });
  const counts = { hits: 0, misses: 0 };

  const find = ({ document, documentHash, operationName }: Execution): Compiled | undefined => {
    if (maxCompiled === 0) return undefined;
    const key = operationName === undefined ? documentHash : `${documentHash} ${operationName}`;
    const found = known.get(key) ?? 0;
    if (typeof found === 'function') return found;
    const compiled = found >= compileAfter ? compile(schema, document, operationName) : undefined;
    known.set(key, compiled ?? found + 1);
    return compiled;
  };

  return {
    async execute(execution) {
      const compiled = find(execution);
      const { document, operationName, variables = {}, context } = execution;
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

function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): Compiled | undefined {
  const compiled = compileQuery(schema, document, operationName, { disablingCapturingStackErrors: true });
  if (!isCompiledQuery(compiled)) return undefined;
  return async (context, variables) => {
    const result = await compiled.query(undefined, context, variables);
    return result.errors ? { ...result, errors: result.errors.map(toGraphQLError) } : result;
  };
}

/** Errors of compiled operations are read-only look-alikes, and those without extensions are not even that. */
function toGraphQLError({ message, path, locations, originalError }: GraphQLError): GraphQLError {
  const error = new GraphQLError(message, { path, originalError });
  return Object.defineProperty(error, 'locations', { value: locations, enumerable: true });
}
