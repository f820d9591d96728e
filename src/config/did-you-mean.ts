import { type VariableName, variables } from './variables.ts';

const known = Object.keys(variables) as VariableName[];

// Shorter names (HOST, PATH, PORT) are near to too much that other programs read.
const MIN_LENGTH = 6;

/** One problem for each name that is nearly one of ours: a typo in `MAX_DEPTH` must not leave the default in force. */
export function findMisspelt(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    if (name.length < MIN_LENGTH || Object.hasOwn(variables, name)) return [];
    const near = known.find((ours) => isNear(name.toUpperCase(), ours));
    return near ? [`${cut(name)} is not a variable of this gateway. Did you mean ${near}?`] : [];
  });
}

function isNear(name: string, ours: string): boolean {
  if (ours.length < MIN_LENGTH) return false;
  // Two letters of seven make another word (DEV_ID is not KEY_ID).
  const allowed = ours.length < 8 ? 1 : 2;
  return Math.abs(name.length - ours.length) <= allowed && editDistance(name, ours) <= allowed;
}

/** Levenshtein's, one row of the table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = at(row, column) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, at(row, column + 1) + 1, at(next, column) + 1));
    }
    row = next;
  }
  return at(row, to.length);
}

const at = (row: readonly number[], column: number) => row[column] ?? 0;

const cut = (name: string) => name.slice(0, 40);
