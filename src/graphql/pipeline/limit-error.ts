import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { refusal } from '../../errors.ts';

/** The limits of one operation that an operator can set. */
export interface OperationLimits {
  readonly maxOperationChars: number;
  readonly maxOperationTokens: number;
  readonly maxBracketDepth: number;
  readonly maxOperations: number;
  readonly maxVariables: number;
  readonly maxVariableValues: number;
  readonly maxDirectives: number;
  readonly maxAliases: number;
  readonly maxRootFields: number;
  readonly maxDepth: number;
  readonly maxFields: number;
  readonly maxFieldCost: number;
  readonly maxUpstreamCalls: number;
}

/** A limit that an operation is over. `limit` and the figures are what a client is told; nothing of the document is. */
export interface Excess {
  readonly limit: string;
  readonly counted: string;
  readonly actual: number;
  readonly max: number;
}

/** `[limit, what is counted, the number found, the maximum]`: the first of these that is over its maximum. */
export function firstExcess(
  checks: readonly (readonly [string, string, number, number])[],
): Excess | undefined {
  const found = checks.find(([, , actual, max]) => actual > max);
  if (!found) return undefined;
  const [limit, counted, actual, max] = found;
  return { limit, counted, actual: Math.min(actual, Number.MAX_SAFE_INTEGER), max };
}

/** HTTP 400 under both media types: the request is well-formed and will never be served as it is. */
export function toLimitError({ limit, counted, actual, max }: Excess): GraphQLError {
  const { message, extensions } = refusal(
    'OPERATION_LIMIT_EXCEEDED',
    `Expected at most ${max} ${counted}, got ${actual}.`,
  );
  const http = { status: 400, headers: new HeaderMap() };
  return new GraphQLError(message, { extensions: { ...extensions, limit, actual, max, http } });
}
