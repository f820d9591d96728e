import { type DocumentNode, type ExecutionResult, execute, GraphQLError, type GraphQLSchema } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import type { Context } from '../context.ts';
import { findConditions, specialize } from './apply-skip-include.ts';

/** One operation that passed every check. */
export interface Execution {
  readonly document: DocumentNode;
  /** Of the document's text: what is compiled is kept under it. */
  readonly documentHash: string;
  readonly operationName: string | undefined;
  /** Coerced, with their defaults. */
  readonly variables: Readonly<Record<string, unknown>>;
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

type Compiled = (context: Context, variables: Variables) => Promise<ExecutionResult>;
type Variables = Readonly<Record<string, unknown>>;

/** Each such variable doubles the number of functions. */
const MAX_CONDITIONS = 6;

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
  const conditionsOf = new WeakMap<DocumentNode, readonly string[]>();
  const counts = { hits: 0, misses: 0 };

  const toKey = ({
    document,
    documentHash,
    operationName = '',
    variables,
  }: Execution): string | undefined => {
    const conditions = conditionsOf.get(document) ?? findConditions(document);
    conditionsOf.set(document, conditions);
    if (conditions.length > MAX_CONDITIONS) return undefined;
    return [documentHash, operationName, ...conditions.map((name) => variables[name] === true)].join(' ');
  };
  const find = (execution: Execution): Compiled | undefined => {
    const key = maxCompiled === 0 ? undefined : toKey(execution);
    if (key === undefined) return undefined;
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

/** Undefined for what graphql-jit does not know: it is interpreted for ever. */
function compile(
  schema: GraphQLSchema,
  { document, operationName, variables: first }: Execution,
): Compiled | undefined {
  const compiled = compileQuery(schema, specialize(document, first), operationName, {
    disablingCapturingStackErrors: true,
    // What the API answers was checked for its types before, and no scalar or enum of the schema has another form inside.
    disableLeafSerialization: true,
  });
  if (!isCompiledQuery(compiled)) return undefined;
  return async (context, variables) => {
    const result = await compiled.query(undefined, context, variables);
    const { data, errors } = result;
    if (!errors) return result;
    const told = errors.filter((error) => isFirstOfParent(error, errors, data));
    return { ...result, errors: told.map(toGraphQLError) };
  };
}

/** Of the fields that make one object null, only the first to fail is told. */
function isFirstOfParent(error: GraphQLError, errors: readonly GraphQLError[], data: unknown): boolean {
  const parent = error.path?.slice(0, -1) ?? [];
  if (valueAt(data, parent)) return true;
  return errors.find(({ path }) => String(path?.slice(0, -1)) === String(parent)) === error;
}

function valueAt(data: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce((value: unknown, part) => (value as Record<string, unknown> | null)?.[part], data);
}

/** Errors of compiled operations are read-only look-alikes, and those without extensions are not even that. */
function toGraphQLError({ message, path, locations, originalError }: GraphQLError): GraphQLError {
  const error = new GraphQLError(message, { path, originalError });
  return Object.defineProperty(error, 'locations', { value: locations, enumerable: true });
}
