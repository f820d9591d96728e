/**
 * The edit distance of Damerau and Levenshtein in its restricted form: letters that changed places are one edit. Takes
 * time in proportion to the product of the lengths.
 */
export function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row++) {
    const next = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const edits = [
        at(rows, row - 1, column - 1) + (isSame ? 0 : 1),
        at(rows, row - 1, column) + 1,
        (next[column - 1] ?? 0) + 1,
      ];
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        edits.push(at(rows, row - 2, column - 2) + 1);
      next.push(Math.min(...edits));
    }
    rows.push(next);
  }
  return at(rows, from.length, to.length);
}

const at = (rows: readonly (readonly number[])[], row: number, column: number) => rows[row]?.[column] ?? 0;
