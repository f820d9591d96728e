export interface Defect {
  /** A sentence of what is broken. */
  readonly name: string;
  readonly file: string;
  /** Text that is in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Files of tests, each of which is run. One of their tests has to fail. */
  readonly tests: readonly string[];
  /** A regular expression: only tests with such a title are run. */
  readonly only?: string;
}

export const areas: Readonly<Record<string, readonly Defect[]>>;
export function countPlaces(defect: Defect): number;
