const GATEWAY = ['test/gateway/operation-limits.test.ts'];
const UNIT = ['test/unit/graphql/pipeline/operation-limits.test.ts'];
const CHECKS = 'src/graphql/pipeline/limits.ts';

/** A limit that lets one more through. `find` is how the source has the number that it is compared with. */
function oneMore(what, find, only) {
  return {
    name: `An operation may have one more than the limit of ${what}`,
    file: CHECKS,
    find: `${find}]`,
    replace: `${find} + 1]`,
    tests: GATEWAY,
    only,
  };
}

/** How large an operation may be, and what it may cost. */
export const limits = [
  oneMore('characters', 'text.length, maxOperationChars', '15001'),
  oneMore('lexical tokens', 'tokens, limits.maxOperationTokens', '1001'),
  oneMore('brackets', 'brackets, limits.maxBracketDepth', '201 selections'),
  oneMore('operations', 'counts.operations, limits.maxOperations', '11 operations'),
  oneMore('declared variables', 'counts.variables, limits.maxVariables', '101 variables'),
  oneMore('sent variables', 'Object.keys(variables).length, maxVariables', '101 variables'),
  oneMore('directives', 'counts.directives, limits.maxDirectives', '51'),
  oneMore('aliases', 'counts.aliases, limits.maxAliases', 'and not 31'),
  oneMore('root fields', 'counts.rootFields, limits.maxRootFields', 'and not 21'),
  oneMore('depth', 'counts.depth, limits.maxDepth', 'and not 13'),
  oneMore('fields', 'counts.fields, limits.maxFields', 'and not 301'),
  oneMore('upstream calls', 'upstreamCalls, maxUpstreamCalls', 'and not 151'),
  oneMore('cost', 'fieldCost, maxFieldCost', 'and not 50 001'),
  oneMore('its name', 'counts.operationName, MAX_OPERATION_NAME', 'an operation name of 513'),
  oneMore('depth in introspection', 'counts.introspectionDepth, MAX_INTROSPECTION_DEPTH', 'round in circles'),
  {
    name: 'What fragments hold is not counted',
    file: 'src/graphql/pipeline/document-size.ts',
    find: 'return fragment ? ofFragment(fragment) : nothing();',
    replace: 'return nothing();',
    tests: UNIT,
  },
  {
    name: 'What a fragment holds is counted only the first time',
    file: 'src/graphql/pipeline/document-size.ts',
    find: '    counted.set(fragment, counts);\n',
    replace: '',
    tests: UNIT,
  },
  {
    name: 'Only the first operation of a document is counted',
    file: 'src/graphql/pipeline/document-size.ts',
    find: 'definitions.filter(isOperation);',
    replace: 'definitions.filter(isOperation).slice(0, 1);',
    tests: UNIT,
  },
  {
    name: 'What fragments hold costs nothing',
    file: 'src/graphql/pipeline/cost.ts',
    find: 'fragment ? compileSet(fragment.selectionSet, fragment.typeCondition.name.value) : NOTHING',
    replace: 'NOTHING',
    tests: UNIT,
  },
  {
    name: 'The length of a list is not read from variables',
    file: 'src/graphql/pipeline/argument-value.ts',
    find: 'Object.hasOwn(variables, name) ? variables[name] : standard',
    replace: 'standard',
    tests: UNIT,
  },
  {
    name: 'The default of a variable is not read',
    file: 'src/graphql/pipeline/argument-value.ts',
    find: 'toValue(definition?.defaultValue)',
    replace: 'undefined',
    tests: UNIT,
  },
  {
    name: 'Calls below a list are counted once, not for each item',
    file: 'src/graphql/pipeline/cost-parts.ts',
    find: 'own + below.calls + items * below.callsPerItem',
    replace: 'own + below.calls + below.callsPerItem',
    tests: UNIT,
  },
];
