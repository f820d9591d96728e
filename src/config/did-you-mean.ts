import { editDistance } from './edit-distance.ts';
import { NAMES_OF_OTHERS, OTHER_NAMES } from './other-names.ts';
import { type VariableName, variables } from './variables.ts';

/**
 * Returns one problem for each name that was probably meant as one of ours, because a typo in `MAX_DEPTH` would silently
 * leave the default in force.
 *
 * A name is rejected when it is a typo of ours; when it has the same words in another order, or with a unit or a word such
 * as ENABLED; when it lacks only the first or the last words of ours; and when other servers use it for the same thing, or
 * it begins as only our names begin (`OTHER_NAMES`). All other names are ignored, because a container gets many variables
 * from the shell, the image, the platform and the host. The ones that Kubernetes and Docker make of a service's name
 * (`AUTH_PORT`, `REDIS_SERVICE_HOST`, `CORS_PORT_80_TCP`) are rejected only when they are typos.
 */
export function findMisspelt(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (Object.hasOwn(variables, name) || value.trim() === '' || SERVICE_ADDRESS.test(value)) return [];
    const meant = findMeant(name.toUpperCase());
    return meant ? [`${name.slice(0, 40)} is not a known variable. Did you mean ${meant}?`] : [];
  });
}

/** The value of `REDIS_PORT` where a service is called redis. */
const SERVICE_ADDRESS = /^(?:tcp|udp|sctp):\/\/[\d.:[\]a-f]+$/i;
const SERVICE_NAME =
  /_SERVICE_(?:HOST|PORT)(?:_\w+)?$|_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/;
const MAX_CHARS = 60;

/** The rules from the most certain to the least: the first that fits decides. */
function findMeant(name: string): string | undefined {
  if (name.length > MAX_CHARS || NAMES_OF_OTHERS.has(name)) return undefined;
  const typo = findTypo(name);
  if (typo || SERVICE_NAME.test(name)) return typo;
  const core = coreOf(name);
  const bare = name.replace(/^(?:ENABLE|DISABLE|NO)_|_(?:ENABLED|DISABLED|ON|OFF)$/g, '');
  return (
    comparable.find((ours) => ours.core === core)?.text ??
    OTHER_NAMES.find(([names]) => names.test(bare))?.[1] ??
    comparable.find(({ text }) => isPart(name, text))?.text
  );
}

function findTypo(name: string): VariableName | undefined {
  const letters = lettersOf(name);
  const found =
    known.find((ours) => letters === ours.letters) ?? known.find((ours) => isTypo(letters, ours.letters));
  return found?.text;
}

function lettersOf(name: string): string {
  return name.replace(/[^A-Z\d]/g, '');
}

/** Letters of variables whose typo would open access or remove a limit. In these, short names may have two typos. */
const SECURITY = /^(AUTH|CALLER|CORS|TRUSTED|EXPLORER|INTROSPECTION|RATELIMIT|MAXINFLIGHT|ADMINHOST)/;

/**
 * Compares the letters of names. Typos seldom change both ends of a name. In a name of four letters (HOST, PORT), a
 * different letter makes a different word.
 */
function isTypo(name: string, ours: string): boolean {
  const edits = ours.length >= (SECURITY.test(ours) ? 8 : 12) ? 2 : 1;
  if (Math.abs(name.length - ours.length) > edits) return false;
  const isSameStart = name[0] === ours[0];
  const isPlausible =
    ours.length < 5
      ? [...ours].every((letter) => name.includes(letter)) && (isSameStart || name.length === ours.length)
      : isSameStart || name.at(-1) === ours.at(-1);
  return isPlausible && editDistance(name, ours) <= edits;
}

/** Whether the first or the last words of our name are missing, and two or more are left. */
function isPart(name: string, ours: string): boolean {
  return name.includes('_') && (ours.startsWith(`${name}_`) || ours.endsWith(`_${name}`));
}

/** Words that are not compared, because they add nothing to a name. */
const FILLERS =
  /^(MS|MILLISECONDS|SEC|SECONDS|MIN|MINUTES|BYTES|KB|MB|ENABLED?|DISABLED?|USE|ON|GRAPHQL|QUERY|COUNT|SIZE)$/;
const SYNONYMS: Readonly<Record<string, string>> = { LIMIT: 'MAX', MAXIMUM: 'MAX' };

/** The words of a name in alphabetical order: `MAX_BODY_BYTES` and `BODY_LIMIT` have the same. */
function coreOf(name: string): string {
  const words = name
    .replace(/^(?:(?:TOKENS?_)?GATEWAY|SERVER|APOLLO)_(?!(?:HOST|PORT)$)/, '')
    .split(/[^A-Z\d]+/);
  const kept = words.filter((word) => !FILLERS.test(word));
  return kept
    .map((word) => SYNONYMS[word] ?? word)
    .sort()
    .join(' ');
}

const known = (Object.keys(variables) as VariableName[]).map((text) => ({
  text,
  letters: lettersOf(text),
  core: coreOf(text),
}));
/** Leaves out words that occur in too many names, and the many variables that OpenTelemetry reads by itself. */
const comparable = known.filter(({ text }) => !/^(HOST|PORT|OTEL_.*)$/.test(text));
