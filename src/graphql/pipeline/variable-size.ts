/** How large the variables of a request are, all together. */
export interface VariableSize {
  /** Items of lists and members of objects, at any depth, without the variables themselves. */
  readonly values: number;
  /** Levels of lists and objects, the one that holds the variables included. */
  readonly depth: number;
}

/**
 * Measures variables before anything else reads them. Stops where a limit is exceeded, and then says one
 * more than the limit.
 */
export function measureVariables(
  variables: Readonly<Record<string, unknown>>,
  { maxValues, maxDepth }: { readonly maxValues: number; readonly maxDepth: number },
): VariableSize {
  let values = 0;
  let level = containersIn(variables);
  for (let depth = 1; ; depth++) {
    if (level.length === 0 || depth > maxDepth) return { values, depth };
    const below: object[][] = [];
    for (const container of level) {
      values += sizeOf(container);
      if (values > maxValues) return { values: maxValues + 1, depth };
      below.push(containersIn(container));
    }
    level = below.flat();
  }
}

function containersIn(container: object): object[] {
  return Object.values(container).filter((value) => typeof value === 'object' && value !== null);
}

/** `Object.keys` takes a third of the time of `Object.values` for an object of many thousand members. */
function sizeOf(container: object): number {
  return Array.isArray(container) ? container.length : Object.keys(container).length;
}
