import { findMisspelt } from './did-you-mean.ts';
import { MAX_FILE_BYTES, type ReadFile, TextFileError } from './read-file.ts';
import { isLoopback } from './urls.ts';
import type { Variable } from './variable-types.ts';
import { type Values, type VariableName, variables } from './variables.ts';

export type Environment = ReturnType<typeof readEnvironment>;

const SHOWN_CHARS = 40;

export function readEnvironment(env: Readonly<Record<string, string | undefined>>, readTextFile: ReadFile) {
  const isGiven = (name: string) => (env[name] ?? '').trim() !== '';
  const problems = findMisspelt(env);
  const invalid = new Set<string>();
  const read = ([name, variable]: [string, Variable<unknown>]) => {
    const text = env[name] ?? '';
    if (!isGiven(name)) return [name, variable.default];
    const value = variable.read(text);
    if (value !== undefined) return [name, value];
    invalid.add(name);
    problems.push(`Expected ${name} to be ${variable.expected}, got ${quote(text, variable.show)}`);
    return [name, variable.default];
  };
  // The cast is correct, because each value was parsed by the variable of the same name.
  const values = Object.fromEntries(Object.entries(variables).map(read)) as Values;
  return {
    /** The parsed values. An invalid value, whose problem is on the list, is replaced by the default. */
    values,
    /** Whether the variable was set, valid or not. An empty value counts as unset, as in a vendor's `.env` template. */
    isSet: (name: VariableName) => isGiven(name),
    /** Whether the variable has an invalid value, which `values` replaces by the default. */
    isInvalid: (name: VariableName) => invalid.has(name),
    addProblem(problem: string): void {
      problems.push(problem);
    },
    /** Adds a problem when the variable is not set. `by` is the setting that requires it. */
    requireSet(name: VariableName, by: string): void {
      if (!isGiven(name)) problems.push(`${name} is required by ${by}`);
    },
    /**
     * The text of the file that the variable names; undefined when it is not set, or when the file cannot be used, which is
     * a problem. Of the system's error only the code is shown: the path may be a key that was pasted by mistake.
     */
    readFile(name: keyof typeof MAX_FILE_BYTES): string | undefined {
      const path = values[name];
      if (path === undefined) return undefined;
      try {
        const text = readTextFile(path, MAX_FILE_BYTES[name]);
        if (text.trim() !== '') return text;
        problems.push(`Expected ${name} to name a file that is not empty`);
      } catch (error) {
        const { message, code } = error as NodeJS.ErrnoException;
        const got = error instanceof TextFileError ? `one that is ${message}` : code;
        problems.push(`Expected ${name} to name a file that this process can read, got ${got}`);
      }
      return undefined;
    },
    problems: problems as readonly string[],
  };
}

function quote(text: string, show: (text: string) => string): string {
  // A private key was pasted into the wrong variable.
  if (text.includes('PRIVATE KEY')) return 'a private key';
  const shown = show(text);
  return JSON.stringify(shown.length > SHOWN_CHARS ? `${shown.slice(0, SHOWN_CHARS)}…` : shown);
}

/** The URL of a variable. Rejected where anybody between this machine and the host could read requests. */
export function readSecureUrl(
  environment: Environment,
  name: 'API_GATEWAY_URL' | 'TOKEN_ENDPOINT' | 'CALLER_JWKS_URL',
): string | undefined {
  const { values, addProblem } = environment;
  const url = values[name];
  const { protocol, hostname } = new URL(url ?? 'https://localhost');
  if (isLoopback(hostname) || values.ALLOW_INSECURE_UPSTREAM) return url;
  if (protocol === 'http:')
    addProblem(
      `Expected ${name} to be an https URL: plain http needs a loopback host or ALLOW_INSECURE_UPSTREAM=true`,
    );
  else if (values.NODE_TLS_REJECT_UNAUTHORIZED === '0')
    addProblem(
      `NODE_TLS_REJECT_UNAUTHORIZED=0 lets any server stand in for ${name}: it needs a loopback host or ALLOW_INSECURE_UPSTREAM=true. For your own certificate authority set NODE_EXTRA_CA_CERTS instead`,
    );
  return url;
}

/** `MAX_DEPTH` → `maxDepth` */
type CamelCase<Name extends string> = Name extends `${infer Word}_${infer Rest}`
  ? `${Lowercase<Word>}${Capitalize<CamelCase<Rest>>}`
  : Lowercase<Name>;

/** The values of a table, by names in camel case without the prefix: `UPSTREAM_RETRIES` → `retries` */
type Group<Table, Prefix extends string> = {
  readonly [Name in keyof Table & VariableName as Name extends `${Prefix}${infer Rest}`
    ? CamelCase<Rest>
    : never]: Values[Name];
};

/** The values of the variables of `table` that begin with `prefix`, as a part of the configuration. */
export function toGroup<Table extends object, Prefix extends string = ''>(
  values: Values,
  table: Table,
  prefix: Prefix = '' as Prefix,
): Group<Table, Prefix> {
  const names = (Object.keys(table) as VariableName[]).filter((name) => name.startsWith(prefix));
  const camelCase = (name: string) =>
    name.toLowerCase().replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const entries = names.map((name) => [camelCase(name.slice(prefix.length)), values[name]]);
  return Object.fromEntries(entries) as Group<Table, Prefix>;
}
