import { findMisspelt } from './did-you-mean.ts';
import type { Variable } from './variable-types.ts';
import { type Values, type VariableName, variables } from './variables.ts';

/** The variables of this process, and the one list that collects what is wrong with them. */
export interface Environment {
  /** A value that was refused is its default here: its problem is already on the list. */
  readonly values: Values;
  /** Whether it was given at all, right or wrong. An empty value is none, as in a vendor's `.env` template. */
  isSet(name: VariableName): boolean;
  /** Whether what was given could not be read, so that `values` has the default in its place. */
  isRefused(name: VariableName): boolean;
  refuse(problem: string): void;
  readonly problems: readonly string[];
}

const SHOWN_CHARS = 40;

export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const isGiven = (name: string) => (env[name] ?? '').trim() !== '';
  const problems = findMisspelt(env);
  const refused = new Set<string>();
  const read = ([name, variable]: [string, Variable<unknown>]) => {
    const text = env[name] ?? '';
    if (!isGiven(name)) return [name, variable.default];
    const value = variable.read(text);
    if (value !== undefined) return [name, value];
    refused.add(name);
    problems.push(`Expected ${name} to be ${variable.expected}, got ${quote(text, variable.show)}`);
    return [name, variable.default];
  };
  return {
    // Each value came from the variable of its own name, which is what `Values` says.
    values: Object.fromEntries(Object.entries(variables).map(read)) as Values,
    isSet: isGiven,
    isRefused: (name) => refused.has(name),
    refuse: (problem) => problems.push(problem),
    problems,
  };
}

function quote(text: string, show: (text: string) => string): string {
  // A key pasted into the wrong variable.
  if (text.includes('PRIVATE KEY')) return 'a private key';
  const shown = show(text);
  return JSON.stringify(shown.length > SHOWN_CHARS ? `${shown.slice(0, SHOWN_CHARS)}…` : shown);
}
