import {
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  parse as parseText,
  type Token,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Config } from '../../config/config.ts';
import { createVariableCoercion, type VariableCoercion } from './coerce-variables.ts';
import { findConditions } from './compile.ts';
import { type Cost, compileCost, type Variables } from './cost.ts';
import { checkDocument, checkText } from './limits.ts';
import type { Params } from './params.ts';
import { selectedFields } from './selected-fields.ts';

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
  readonly costOf: (variables: Variables) => Cost;
  /** The variables in its `@skip` and `@include`; undefined if it must not be compiled. */
  readonly conditions: readonly string[] | undefined;
}

type Parse = () => Promise<ParsedOperation>;

interface Entry {
  readonly hash: string;
  readonly document: DocumentNode;
  /** By the operation name that was requested, if any. */
  readonly operations: Map<string | undefined, PreparedOperation>;
}

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
  const byHash = new Map<string, Entry>();
  const byText = new LRUCache<string, Entry>({
    ...cacheLimits(execution.maxDocuments),
    dispose: ({ hash }) => byHash.delete(hash),
  });
  const preparing = new Map<string, Promise<PreparedOperation>>();
  const counts = { hits: 0, misses: 0 };

  const entryOf = ({ text, hash, document }: ParsedOperation): Entry => {
    const known = byText.get(text);
    // A concurrent request for another operation may have parsed the text too, and operations belong to their document.
    if (known?.document === document) return known;
    const entry: Entry = { hash, document, operations: new Map() };
    byText.set(text, entry, { size: sizeIn(byText, document) });
    byHash.set(hash, entry);
    return entry;
  };
  const toPrepared = (parsed: ParsedOperation, operationName: string | undefined): PreparedOperation => {
    const { hash, document, operation } = parsed;
    return {
      ...parsed,
      id: `${hash} ${operationName ?? ''}`,
      operationName,
      isMutation: operation.operation === 'mutation',
      needsCaller: needsCaller(operation, document),
      coerce: createVariableCoercion(schema, document, operation, introspection),
      costOf: compileCost(schema, document, operation),
      conditions: findConditions(schema, document, operation),
    };
  };

  const checkUnlessKnown = (text: string) => {
    const isKnown = byText.has(text);
    counts[isKnown ? 'hits' : 'misses']++;
    if (!isKnown) checkStatically(text, limits);
  };
  const prepareNew = async ({ query, operationName }: Params, parse: Parse): Promise<PreparedOperation> => {
    if (query !== undefined) checkUnlessKnown(query);
    const parsed = await parse();
    // A text that came by its hash was not known until now.
    if (query === undefined) checkUnlessKnown(parsed.text);
    const entry = entryOf(parsed);
    const prepared = entry.operations.get(operationName) ?? toPrepared(parsed, operationName);
    entry.operations.set(operationName, prepared);
    return prepared;
  };
  const prepareOnce = (params: Params, parse: Parse): Promise<PreparedOperation> => {
    // As JSON, because a name, which is any text of a client, could otherwise contain the beginning of a query.
    const key = JSON.stringify([params.operationName, params.query]);
    const running = preparing.get(key);
    if (running) return running;
    const started = prepareNew(params, parse).finally(() => preparing.delete(key));
    preparing.set(key, started);
    return started;
  };

  return {
    /**
     * The operation of a request, from the cache. Otherwise it is prepared, once for concurrent requests that are alike:
     * limits of the text and of the document, then `parse`, which validates. Rejects with `OPERATION_LIMIT_EXCEEDED`, or as
     * `parse` does, which is always called for a persisted query.
     */
    prepare(params: Params, parse: Parse): PreparedOperation | Promise<PreparedOperation> {
      const { query, operationName, persistedQuery } = params;
      if (query === undefined || persistedQuery !== undefined) return prepareNew(params, parse);
      const found = byText.get(query)?.operations.get(operationName);
      if (found) counts.hits++;
      return found ?? prepareOnce(params, parse);
    },
    /** The documents in the form of Apollo Server's `documentStore`. Read-only: only validated ones are ever added. */
    documentStore: {
      // Apollo Server puts a prefix before the hash.
      get: async (key: string) => byHash.get(key.slice(key.lastIndexOf(':') + 1))?.document,
      set: async () => undefined,
      delete: async () => false,
    },
    get counts() {
      return { ...counts, size: byText.size };
    },
  };
}

/**
 * The limits that hold whatever the variables are. The text is parsed here once more than by Apollo Server: none of its
 * hooks between parsing and validation can reject, and validating what is above a limit takes long.
 */
function checkStatically(text: string, limits: Config['limits']): void {
  checkText(text, limits);
  let document: DocumentNode;
  try {
    document = parseText(text);
  } catch {
    // Apollo Server reports syntax errors.
    return;
  }
  checkDocument(document, limits);
}

/** Whether an operation selects more than what the schema says about itself; `_service` says it to a router. */
function needsCaller({ selectionSet }: OperationDefinitionNode, document: DocumentNode): boolean {
  const names = selectedFields(document, selectionSet, '').map(({ node }) => node.name.value);
  return names.some((name) => !name.startsWith('__') && name !== '_service');
}
