import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  parse as parseText,
  type Token,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Config } from '../../config/config.ts';
import { checkDocument, checkText } from './checks.ts';
import { createVariableCoercion, type VariableCoercion, withCoercedVariables } from './coerce-variables.ts';
import { findConditions } from './compile.ts';
import { countCopies } from './cost.ts';
import type { Params } from './params.ts';
import { findSelectedFields, type SelectedField } from './selected-fields.ts';

/** The valid operation of a request, as Apollo Server has found it. */
export interface ParsedOperation {
  readonly text: string;
  /** SHA-256 of the text, in hex. */
  readonly hash: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** Everything that requests with the same document and operation name have in common. */
export interface PreparedOperation extends ParsedOperation {
  /** Differs for each document and operation name. */
  readonly id: string;
  /** The operation name that the request has, if any. */
  readonly operationName: string | undefined;
  readonly isMutation: boolean;
  readonly needsCaller: boolean;
  readonly coerce: VariableCoercion;
  /** The document for execution with coerced variables. */
  readonly executable: DocumentNode;
  /** What it selects; its cost depends on it. */
  readonly rootFields: readonly SelectedField[];
  /** How often its response may repeat what it loads. */
  readonly copies: number;
  /** The variables in its `@skip` and `@include`; undefined if it must not be compiled. */
  readonly conditions: readonly string[] | undefined;
}

type Parse = (params: Params) => Promise<ParsedOperation>;

export type PreparedOperations = ReturnType<typeof createPreparedOperations>;

/**
 * Limits of a cache by documents and by their tokens, on which the memory depends: a token and its nodes take some 400
 * bytes, so a thousand of the largest documents would fill a small heap.
 */
export function cacheLimits(maxDocuments: number): { readonly max: number; readonly maxSize: number } {
  return { max: maxDocuments, maxSize: maxDocuments * TOKENS_PER_DOCUMENT };
}

/** A list of tokens with their keys, projects and policies has about a hundred. */
const TOKENS_PER_DOCUMENT = 150;

/**
 * The size of a document in such a cache: the tokens that its nodes refer to, with comments. A document that is larger than
 * the cache counts as the size of the cache.
 */
export function sizeIn({ maxSize }: { readonly maxSize: number }, { loc }: DocumentNode): number {
  let count = 0;
  for (let token: Token | null | undefined = loc?.startToken; token; token = token.next) count++;
  return Math.min(count, maxSize);
}

/** The one cache of documents and their operations. It keeps those that were used last. */
export function createPreparedOperations(
  schema: GraphQLSchema,
  { limits, introspection, execution }: Pick<Config, 'limits' | 'introspection' | 'execution'>,
) {
  /** By hash, so that a text is not parsed again for another of its operations. */
  const documents = new Map<string, DocumentNode>();
  const operations = new LRUCache<string, PreparedOperation>({
    ...cacheLimits(execution.maxCachedDocuments),
    dispose: ({ hash }) => documents.delete(hash),
  });
  const preparing = new Map<string, Promise<PreparedOperation>>();
  const counts = { hits: 0, misses: 0 };

  const toPrepared = (parsed: ParsedOperation, operationName: string | undefined): PreparedOperation => {
    const { hash, document, operation } = parsed;
    const rootFields = findSelectedFields(schema, document, operation);
    return {
      ...parsed,
      id: `${hash} ${operationName ?? ''}`,
      operationName,
      isMutation: operation.operation === 'mutation',
      needsCaller: needsCaller(rootFields),
      coerce: createVariableCoercion(schema, document, operation, introspection),
      executable: withCoercedVariables(document),
      rootFields,
      copies: countCopies(rootFields),
      conditions: findConditions(document, operation, rootFields),
    };
  };

  const checkUnlessKnown = (key: string, text: string) => {
    const isKnown = operations.has(key);
    counts[isKnown ? 'hits' : 'misses']++;
    if (!isKnown) checkStatically(text, limits);
  };
  const prepareNew = async (params: Params, parse: Parse): Promise<PreparedOperation> => {
    const { query, operationName } = params;
    if (query !== undefined) checkUnlessKnown(toKey(query, operationName), query);
    const parsed = await parse(params);
    const key = toKey(parsed.text, operationName);
    // A text that came by its hash was not known until now.
    if (query === undefined) checkUnlessKnown(key, parsed.text);
    const prepared = operations.get(key) ?? toPrepared(parsed, operationName);
    operations.set(key, prepared, { size: sizeIn(operations, prepared.document) });
    documents.set(prepared.hash, prepared.document);
    return prepared;
  };
  const prepareOnce = (key: string, params: Params, parse: Parse): Promise<PreparedOperation> => {
    const started = preparing.get(key) ?? prepareNew(params, parse).finally(() => preparing.delete(key));
    preparing.set(key, started);
    return started;
  };

  return {
    /**
     * The operation of a request, from the cache. Otherwise it is prepared, once for concurrent requests that are alike:
     * limits and syntax of the text, limits of the document, then `parse`, which validates and is called for a known
     * persisted query too. Rejects with `OPERATION_LIMIT_EXCEEDED` or `GRAPHQL_PARSE_FAILED`, or as `parse` does.
     */
    prepare(params: Params, parse: Parse): PreparedOperation | Promise<PreparedOperation> {
      const { query, operationName, persistedQuery } = params;
      if (query === undefined || persistedQuery !== undefined) return prepareNew(params, parse);
      const key = toKey(query, operationName);
      const found = operations.get(key);
      if (found) counts.hits++;
      return found ?? prepareOnce(key, params, parse);
    },
    /** The documents in the form of Apollo Server's `documentStore`. Read-only: only validated ones are ever added. */
    documentStore: {
      // Apollo Server puts a prefix before the hash.
      get: async (key: string) => documents.get(key.slice(key.lastIndexOf(':') + 1)),
      set: async () => undefined,
      delete: async () => false,
    },
    get counts() {
      return { ...counts, size: operations.size };
    },
  };
}

/** With the name's length, so that no other pair of text and name gives the same key. */
function toKey(text: string, operationName = ''): string {
  return `${operationName.length} ${operationName}${text}`;
}

/**
 * The syntax, and the limits that do not depend on variables. A text is parsed here and again by Apollo Server, which has no
 * hook between parsing and validation that can reject: validating a document above a limit would take too long.
 */
function checkStatically(text: string, limits: Config['limits']): void {
  checkText(text, limits);
  let document: DocumentNode;
  try {
    document = parseText(text);
  } catch (error) {
    // Thrown here, because a text with half of a surrogate pair has the same hash in Apollo Server as another, valid document.
    const { message, source, positions } = error as GraphQLError;
    throw new GraphQLError(message, { source, positions, extensions: { code: 'GRAPHQL_PARSE_FAILED' } });
  }
  checkDocument(document, limits);
}

/** Whether an operation selects more than the schema itself, which a router reads from `_service`. */
function needsCaller(rootFields: readonly SelectedField[]): boolean {
  const names = rootFields.map(({ node }) => node.name.value);
  return names.some((name) => !name.startsWith('__') && name !== '_service');
}
