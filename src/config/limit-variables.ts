import { integer } from './variable-types.ts';

/** How much one operation, one caller and the process may ask for. */
export const limitVariables = {
  MAX_DEPTH: integer(12, { min: 1, max: 100, meaning: 'Depth of an operation' }),
  MAX_ALIASES: integer(30, { max: 10_000, meaning: 'Aliases in an operation' }),
  MAX_ROOT_FIELDS: integer(20, { min: 1, max: 1_000, meaning: 'Root fields of an operation' }),
  MAX_FIELDS: integer(300, { min: 1, max: 100_000, meaning: 'Fields in an operation' }),
  MAX_DIRECTIVES: integer(50, { max: 10_000, meaning: 'Directives in an operation' }),
  MAX_OPERATIONS: integer(10, { min: 1, max: 1_000, meaning: 'Operations in a document' }),
  MAX_VARIABLES: integer(100, { max: 10_000, meaning: 'Variables of an operation' }),
  MAX_VARIABLE_VALUES: integer(2_000, {
    max: 1_000_000,
    meaning: 'Items and members of all variables of an operation, at any depth',
  }),
  // The upper ends of these three keep graphql-js's parser within its stack.
  MAX_OPERATION_TOKENS: integer(1_000, { min: 1, max: 15_000, meaning: 'Lexical tokens of a document' }),
  MAX_OPERATION_CHARS: integer(15_000, { min: 1, max: 1_000_000, meaning: 'Characters of a document' }),
  MAX_BRACKET_DEPTH: integer(200, { min: 1, max: 500, meaning: 'Depth of brackets in a document' }),
  MAX_FIELD_COST: integer(50_000, {
    min: 1,
    max: 10_000_000,
    meaning: 'Predicted number of fields in the response: 1 each, times `first` of every list above',
  }),
  MAX_UPSTREAM_CALLS: integer(150, {
    min: 1,
    max: 10_000,
    meaning: 'Predicted upstream calls of an operation',
  }),
  MAX_CACHED_DOCUMENTS: integer(1000, {
    min: 1,
    max: 100_000,
    meaning: 'Size of the LRU cache of prepared documents',
  }),
  MAX_COMPILED_OPERATIONS: integer(500, {
    max: 100_000,
    meaning: 'Size of the LRU cache of compiled operations; 0 disables compilation',
  }),
  COMPILE_AFTER: integer(1, {
    max: 1_000_000,
    meaning: 'Executions of an operation before it is compiled',
  }),
  MAX_BODY_BYTES: integer(262_144, { min: 1, max: 8_388_608, meaning: 'Size of a request body' }),
  MAX_IN_FLIGHT: integer(1_000, { max: 1_000_000, meaning: 'Concurrent requests; 0 is no limit' }),
  MAX_IN_FLIGHT_PER_PRINCIPAL: integer(100, {
    max: 1_000_000,
    meaning: 'Concurrent requests per caller; 0 is no limit',
  }),
  RATE_LIMIT_PER_SECOND: integer(50, {
    max: 1_000_000,
    meaning: 'Requests per second and caller; 0 is no limit',
  }),
  RATE_LIMIT_BURST: integer(100, {
    max: 1_000_000,
    meaning: 'Burst size per caller; 0 is the value of `RATE_LIMIT_PER_SECOND`',
  }),
};
