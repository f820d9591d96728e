import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { completeReport } from '../apollo/operation-record.ts';
import type { Context } from '../context.ts';
import { checkCaller, needsCaller } from './authorize.ts';
import { createVariableCoercion, type VariableCoercion } from './coerce-variables.ts';
import { type Cost, planCost, type Variables } from './cost.ts';
import type { Execute, PublicResult } from './execute.ts';
import type { OperationLimits } from './limit-error.ts';
import { checkCost, checkVariables } from './limits.ts';

/** What Apollo Server found out about a document that passed its checks and ours. */
interface Passed {
  readonly document: DocumentNode;
  readonly documentHash: string;
  /** As it was asked for. */
  readonly operationName: string | undefined;
}

/** An operation of which nothing is left to check but what differs from request to request. */
interface Known extends Passed {
  readonly operation: OperationDefinitionNode;
  readonly needsCaller: boolean;
  readonly coerceVariables: VariableCoercion;
  readonly costOf: (variables: Variables) => Cost;
}

interface KnownOptions {
  readonly schema: GraphQLSchema;
  readonly limits: OperationLimits;
  readonly execute: Execute;
  /** How many documents are known at once. */
  readonly maxDocuments: number;
  /** The document that a request asks for, if it may run at all. */
  textOf(body: Readonly<Record<string, unknown>>): string | undefined;
  /** Told of every operation that was known. */
  onHit(): void;
}

/** Operations that Apollo Server has taken through all of its steps once, and that are then run without it. */
export interface KnownOperations {
  /** Called when the operation is about to be executed: it has passed. */
  remember(text: string, operation: OperationDefinitionNode, passed: Passed): void;
  /**
   * The result of a request that is well-formed, may run, and is of a known operation. Undefined for all others, of
   * which nothing has been executed: Apollo Server is to answer those, in its words.
   */
  run(body: unknown, context: Context): Promise<PublicResult | undefined>;
}

/**
 * Apollo Server hashes the document and goes through a dozen hooks of each plugin, a promise for each, for every
 * request: a third of the price of reading one token. None of it comes to anything else for a document that came
 * before. What may come to something else is checked here by the same functions that the plugins use, in an order in
 * which nothing is taken from the caller's quota before all else is fine.
 */
export function createKnownOperations(options: KnownOptions): KnownOperations {
  const { schema, limits, execute, maxDocuments, textOf, onHit } = options;
  // By the text, and then by the name that was asked for, if any.
  const byText = new LRUCache<string, Map<string | undefined, Known>>({ max: maxDocuments });

  const find = (body: PlainRequest): Known | undefined => {
    const text = textOf(body);
    return text === undefined ? undefined : byText.get(text)?.get(body.operationName ?? undefined);
  };
  /** The variables as the operation takes them, and its price; if this caller may run it with these. */
  const check = (known: Known, given: Variables, context: Context) => {
    if (checkVariables(given, limits)) return undefined;
    if (known.needsCaller && checkCaller(context, known.operation.operation === 'mutation')) return undefined;
    const { values, problems } = known.coerceVariables(given);
    const cost = known.costOf(given);
    return problems.length > 0 || checkCost(cost, limits) ? undefined : { variables: values, cost };
  };
  return {
    remember(text, operation, passed) {
      const { document } = passed;
      const byName = byText.get(text) ?? new Map<string | undefined, Known>();
      if (byName.get(passed.operationName)?.document === document) return;
      byText.set(text, byName);
      byName.set(passed.operationName, {
        ...passed,
        operation,
        needsCaller: needsCaller(operation, document),
        coerceVariables: createVariableCoercion(schema, document, operation),
        costOf: planCost(document, operation),
      });
    },
    async run(body, context) {
      if (!isPlain(body)) return undefined;
      const known = find(body);
      const checked = known && check(known, body.variables ?? {}, context);
      if (!checked) return undefined;
      const charged = context.charge(checked.cost.upstreamCalls);
      // A refusal takes nothing, so that Apollo Server may ask again.
      if (charged instanceof Promise ? await charged : charged) return undefined;
      onHit();
      const { document, documentHash, operationName, operation } = known;
      const { variables } = checked;
      const result = await execute({
        document,
        operation,
        documentHash,
        operationName,
        variables,
        context,
      });
      return completeReport(context, { operation, documentHash }, result);
    },
  };
}

/** A request by POST with nothing in it that needs more than looking at it. What it runs is in other members. */
interface PlainRequest extends Readonly<Record<string, unknown>> {
  readonly operationName?: string | null;
  readonly variables?: Variables | null;
}

function isPlain(body: unknown): body is PlainRequest {
  if (typeof body !== 'object' || body === null) return false;
  const { operationName, variables, extensions } = body as Record<string, unknown>;
  return (
    (operationName == null || (typeof operationName === 'string' && operationName !== '')) &&
    (variables == null || (typeof variables === 'object' && !Array.isArray(variables))) &&
    extensions == null
  );
}
