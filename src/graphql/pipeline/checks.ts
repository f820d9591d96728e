import type { DocumentNode } from 'graphql';
import type { Config } from '../../config/config.ts';
import { rejection } from '../../errors.ts';
import { HttpError, RETRY_AFTER_SECONDS } from '../../http/error-response.ts';
import type { OperationRecord } from '../../telemetry/operation-log.ts';
import type { TrustedDocuments } from '../trusted-documents.ts';
import { costOf } from './cost.ts';
import { countDocument, measureSource } from './document-size.ts';
import type { Params } from './params.ts';
import type { PendingOperation } from './request.ts';

/** Throws the public error when the operation may not run. Has no effect beyond the pending operation. */
export type Check = (pending: PendingOperation, config: Config) => void;

/**
 * Replaces the id of a trusted document by its text. In `enforce` mode only trusted documents pass. Called for every
 * request, because the manifest may change. Throws `OPERATION_NOT_TRUSTED`, or `OPERATION_LIMIT_EXCEEDED` if that document
 * is too long, or `PERSISTED_QUERY_NOT_FOUND`, also for any id if no manifest is configured.
 */
export function applyAllowList(
  params: Params,
  trusted: TrustedDocuments | undefined,
  { apq, limits }: Pick<Config, 'apq' | 'limits'>,
  record: OperationRecord,
): Params {
  const text = trusted?.find(params);
  // Only the text is used, so there is no persisted query to look up or to register.
  if (text !== undefined) return { ...params, query: text, persistedQuery: undefined };
  if (trusted) record.untrusted = true;
  // Beside a manifest, a hash is one of its ids unless it is that of an automatic persisted query.
  const persistedQuery = trusted && !apq ? undefined : params.persistedQuery;
  // An id that the manifest lacks has no document to run.
  const hasDocument = (params.query ?? persistedQuery) !== undefined;
  if (trusted?.mode !== 'enforce' && hasDocument) return { ...params, persistedQuery };
  // Apollo Client expects this message and status, and then sends the document.
  if (params.query === undefined) throw rejection('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
  checkLength(params.query, limits);
  throw rejection(
    'OPERATION_NOT_TRUSTED',
    'Only documents in the manifest may run here. Add this document to the manifest, and deploy the manifest before the client.',
  );
}

/** Rejects mutations by GET, which must not change anything (RFC 9110 section 9.2.1), and subscriptions. */
export const checkMethod: Check = ({ prepared: { operation, isMutation }, request: { http } }) => {
  if (operation.operation === 'subscription')
    throw rejection('BAD_REQUEST', 'Subscriptions are not supported.');
  if (isMutation && http.method !== 'POST')
    throw new HttpError(405, 'A mutation cannot be sent by GET. Send it by POST.', { allow: 'POST' });
};

/** Whether the caller may run such an operation. Operations about the schema alone need no caller. */
export const authorize: Check = ({ prepared: { needsCaller, isMutation }, request: { caller } }) => {
  if (!needsCaller) return;
  if (caller instanceof Error) throw caller;
  if (isMutation && !caller.mayWrite)
    throw rejection('FORBIDDEN', 'The caller may only read: mutations need the right to write.');
};

export const coerceVariables: Check = (pending) => {
  pending.variables = pending.prepared.coerce(pending.variables);
};

export const limitCost: Check = (pending, { limits: { maxFieldCost, maxUpstreamCalls } }) => {
  const { fieldCost, upstreamCalls } = costOf(pending.prepared.rootFields, pending.variables);
  pending.upstreamCalls = upstreamCalls;
  checkCounts([
    ['upstreamCalls', 'calls to the IAM API', upstreamCalls, maxUpstreamCalls],
    ['fieldCost', 'fields in the response, with all lists at their maximum length', fieldCost, maxFieldCost],
  ]);
};

/** The limits that an operator can set. */
type Limits = Config['limits'];

const MAX_OPERATION_NAME = 512;
/** Validation compares each fragment that is spread with each other one, whether or not they are defined. */
const MAX_FRAGMENTS = 50;
/** Validation compares the fields of each pair, in at most a quarter of a microsecond. */
const MAX_PAIRS = 10_000;
/** Factor of the square of `MAX_ROOT_FIELDS`: n root fields with five fields of one name each have some (5n)²/2 pairs. */
const PAIRS_FACTOR = 12.5;
/** graphql-js aborts a validation after 500 000 comparisons, with an unhelpful message. */
const PAIRS_CEILING = 400_000;
/** The deepest input of the schema has seven levels. */
const MAX_VARIABLE_DEPTH = 32;

/** The name of the limit, what is counted, the number found, the maximum. */
type Count = readonly [limit: string, counted: string, count: number, max: number];

/**
 * Throws `OPERATION_LIMIT_EXCEEDED` for the first count above its maximum. Message and extensions contain only numbers,
 * nothing of the document.
 */
function checkCounts(counts: readonly Count[]): void {
  for (const [limit, counted, count, max] of counts) {
    if (count <= max) continue;
    const actual = Math.min(count, Number.MAX_SAFE_INTEGER);
    const message = `Expected at most ${max} ${counted}, got ${actual}.`;
    throw rejection('OPERATION_LIMIT_EXCEEDED', message, { limit, actual, max });
  }
}

/** The limit that needs no scan of the text. */
function checkLength(text: string, { maxOperationChars }: Limits): void {
  checkCounts([['characters', 'characters in the document', text.length, maxOperationChars]]);
}

/** The limits that hold before the text is parsed: a few thousand open brackets exceed the parser's stack. */
export function checkText(text: string, limits: Limits): void {
  checkLength(text, limits);
  const { tokens, lines, brackets } = measureSource(text);
  checkCounts([
    ['tokens', 'tokens in the document', tokens, limits.maxOperationTokens],
    // The lexer makes a token of each comment, and the place of each field that fails is found by counting lines.
    ['lines', 'lines in the document', lines, 2 * limits.maxOperationTokens],
    ['brackets', 'brackets open at once in the document', brackets, limits.maxBracketDepth],
  ]);
}

/** The limits that hold before the document is validated, which takes quadratic time. All of its operations count. */
export function checkDocument(document: DocumentNode, limits: Limits): void {
  const counts = countDocument(document);
  const pairsOfRootFields = Math.min(PAIRS_FACTOR * limits.maxRootFields ** 2, PAIRS_CEILING);
  const maxPairs = Math.max(MAX_PAIRS, pairsOfRootFields);
  checkCounts([
    ['operations', 'operations in the document', counts.operations, limits.maxOperations],
    ['fragments', 'fragments that are spread', counts.fragments, MAX_FRAGMENTS],
    ['operationName', 'characters in an operation name', counts.operationName, MAX_OPERATION_NAME],
    ['variables', 'variables', counts.variables, limits.maxVariables],
    ['directives', 'directives', counts.directives, limits.maxDirectives],
    ['aliases', 'aliases', counts.aliases, limits.maxAliases],
    ['rootFields', 'root fields', counts.rootFields, limits.maxRootFields],
    ['depth', 'levels of fields', counts.depth, limits.maxDepth],
    ['fields', 'fields, counting fragments wherever they are spread', counts.fields, limits.maxFields],
    ['fields', 'pairs of fields with the same response name, or of fragment spreads', counts.pairs, maxPairs],
  ]);
}

/** The limits that need no document: the operation name, and the number, size and nesting of the variables. */
export function checkRequest(
  { operationName = '', variables }: Params,
  { maxVariables, maxVariableValues: maxValues }: Limits,
): void {
  checkCounts([
    ['operationName', 'characters in an operation name', operationName.length, MAX_OPERATION_NAME],
    ['variables', 'variables', Object.keys(variables).length, maxVariables],
  ]);
  const { values, depth } = measureVariables(variables, maxValues);
  checkCounts([
    ['variableDepth', 'levels of variables', depth, MAX_VARIABLE_DEPTH],
    ['variableValues', 'values in all variables together', values, maxValues],
  ]);
}

const RESULTS_FULL =
  'Too many large responses are being made at the moment. Wait `retryAfter` seconds before the next request.';
/** The limits of one response, and of all that are being made together, as multiples of the largest response of IAM. */
const PAGES_PER_RESPONSE = 4;
const PAGES_AT_ONCE = 16;
/** Characters of a response that is never rejected because of others. A list of a hundred tokens has some 80 000. */
const SMALL_RESULT = 131_072;

/**
 * Limits the characters from IAM in one response, and in all responses that are being made. Each counts `copies` times.
 * The predicted cost cannot limit them, because only IAM knows how long the lists in a token or a policy are.
 */
export function createResultLimits(maxResponseBytes: number) {
  const maxChars = PAGES_PER_RESPONSE * maxResponseBytes;
  let running = 0;
  // Executions of large responses, the oldest first. The oldest one always has room, so that some request succeeds.
  const large = new Set<object>();
  return (copies: number) => {
    let total = 0;
    let isOver = false;
    const execution = {
      /** Throws for a field that exceeds a limit; the next one that fits is counted. */
      countChars(chars: number): void {
        const more = chars * copies;
        const wanted = total + more;
        checkCounts([['resultCharacters', 'characters from the IAM API in the response', wanted, maxChars]]);
        // Fields may still be resolved after their execution has failed.
        if (isOver) return;
        if (wanted > SMALL_RESULT) {
          const [oldest = execution] = large;
          if (running + more > PAGES_AT_ONCE * maxResponseBytes && oldest !== execution)
            throw rejection('OVERLOADED', RESULTS_FULL, { retryAfter: RETRY_AFTER_SECONDS });
          large.add(execution);
        }
        total = wanted;
        running += more;
      },
      /** Call it when the response is made. */
      end(): void {
        isOver = true;
        running -= total;
        large.delete(execution);
      },
    };
    return execution;
  };
}

/**
 * Counts the values of all variables, which are items of lists and members of objects at any depth, and the levels of lists
 * and objects, of which the object of all variables is the first. Stops when a limit is exceeded, and then returns at most
 * one more than the limit.
 */
function measureVariables(variables: object, maxValues: number): Record<'values' | 'depth', number> {
  const counts = { values: 0, depth: 1 };
  const measure = (container: object, depth: number): void => {
    for (const below of Object.values(container).filter(isContainer)) {
      counts.values += Array.isArray(below) ? below.length : Object.keys(below).length;
      counts.depth = Math.max(counts.depth, depth);
      if (counts.values <= maxValues && counts.depth <= MAX_VARIABLE_DEPTH) measure(below, depth + 1);
    }
  };
  measure(variables, 2);
  return { values: Math.min(counts.values, maxValues + 1), depth: counts.depth };
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
