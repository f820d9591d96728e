import { editDistance } from './edit-distance.ts';
import { NAMES_OF_OTHERS, otherNames } from './other-names.ts';
import { lettersOf, type Name, toName, wordsOf } from './variable-name.ts';
import { type VariableName, variables } from './variables.ts';

const known = (Object.keys(variables) as VariableName[]).map((text) => ({ ...toName(text), text }));

/**
 * One problem for each name that somebody has probably meant as one of ours: a typo in `MAX_DEPTH` must not leave the
 * default in force.
 *
 * A name is refused when it is ours but for a slip of the finger; when it has the same words, in any order, but for an
 * ending, a synonym, a unit or a word such as ENABLED; when one word of ours is missing, or the last ones, and two are
 * left; when other servers use it for the same thing (`API_KEYS`, `GRAPHIQL`, `DEPTH`); or when it begins with what only
 * our names begin with (`CORS_`, `CALLER_`, `RATE_LIMIT_`, `UPSTREAM_`). Everything else is left alone, since a container
 * gets many variables that nobody chose: those of the shell, the image, the platform and the host. The ones that
 * Kubernetes and Docker make of a service's name (`AUTH_PORT`, `REDIS_SERVICE_HOST`, `CORS_PORT_80_TCP`) are left alone
 * whatever the service is called, unless a letter is all that separates them from ours.
 */
export function findMisspelt(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env).flatMap((name) => {
    if (Object.hasOwn(variables, name) || (env[name] ?? '').trim() === '') return [];
    const meant = SERVICE_ADDRESS.test(env[name] ?? '') ? [] : findMeant(name.toUpperCase());
    return meant.length === 0
      ? []
      : [`${cut(name)} is not a variable of this gateway. Did you mean ${meant.join(' or ')}?`];
  });
}

/** The value of `REDIS_PORT` where a service is called redis. */
const SERVICE_ADDRESS = /^(?:tcp|udp|sctp):\/\/[\d.:[\]a-f]+$/i;
const SERVICE_NAME =
  /_SERVICE_(?:HOST|PORT)(?:_\w+)?$|_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/;
const MAX_CHARS = 60;

function findMeant(text: string): readonly VariableName[] {
  if (text.length > MAX_CHARS || NAMES_OF_OTHERS.has(text)) return [];
  const name = toName(text);
  const rules = SERVICE_NAME.test(text) ? TYPOS : [...TYPOS, ...RULES];
  for (const rule of rules) {
    const meant = rule(name);
    if (meant.length > 0) return meant;
  }
  return [];
}

type Rule = (name: Name) => readonly VariableName[];

const compare =
  (isSame: (name: Name, ours: Name) => boolean): Rule =>
  (name) => {
    const found = known.find((ours) => isSame(name, ours));
    return found ? [found.text] : [];
  };

/** OpenTelemetry has many more variables, which its library reads by itself. */
const compareWords = (isSame: (words: readonly string[], ours: readonly string[]) => boolean): Rule =>
  compare((name, ours) => !ours.text.startsWith('OTEL_') && isSame(name.words, ours.words));

const TYPOS: readonly Rule[] = [
  compare((name, ours) => name.letters === ours.letters),
  compare((name, ours) => isTypo(name.text, ours.text)),
];

/** The most certain first: the message has what the first rule finds. */
const RULES: readonly Rule[] = [
  ({ text, letters }) => otherNames.get(letters) ?? otherNames.get(lettersOf(withoutSwitch(text))) ?? [],
  compareWords(isSameButOneWord),
  compareWords(isWithQualifiers),
  compareWords(lacksWords),
  findByBeginning,
];

/** A slip of the finger. In a name of four letters (HOST, PORT) a changed letter makes another word. */
function isTypo(name: string, ours: string): boolean {
  if (ours.length < 6) return isDoubled(name, ours) || isSwapped(name, ours);
  const allowed = ours.length >= 12 || (isSecurity(ours) && ours.length >= 8) ? 2 : 1;
  return mayBeTypo(name, ours, allowed) && editDistance(name, ours) <= allowed;
}

/** A slip of the finger seldom changes both ends. The edit distance of every pair would take longer than all other checks. */
function mayBeTypo(name: string, ours: string, allowed: number): boolean {
  return (
    Math.abs(name.length - ours.length) <= allowed && (name[0] === ours[0] || name.at(-1) === ours.at(-1))
  );
}

/** What opens a door or takes a limit away when it is not read. */
function isSecurity(ours: string): boolean {
  return /^(AUTH|CALLER|CORS|TRUSTED|EXPLORER|INTROSPECTION|RATE_LIMIT|MAX_IN_FLIGHT|ADMIN_HOST)/.test(ours);
}

function isDoubled(name: string, ours: string): boolean {
  if (name === `${ours}S`) return true;
  return name.length === ours.length + 1 && name.replace(/(.)\1/, '$1') === ours;
}

function isSwapped(name: string, ours: string): boolean {
  return (
    name.length === ours.length &&
    name !== ours &&
    editDistance(name, ours) === 1 &&
    sorted(name) === sorted(ours)
  );
}

const sorted = (text: string) => [...text].sort().join('');

/**
 * The words of each of two names that the other one lacks, in any order. One word may differ by its ending or a letter:
 * `PROXY_TRUSTED` has all of `TRUSTED_PROXIES`, and `INTROSPECT_ENABLED` has one more than `INTROSPECTION`.
 */
function differences(words: readonly string[], ours: readonly string[]): [string[], string[]] {
  const added = words.filter((word) => !ours.includes(word));
  const missing = ours.filter((word) => !words.includes(word));
  for (const word of added) {
    const same = missing.find((other) => isSameStem(word, other));
    if (same !== undefined) return [without(added, word), without(missing, same)];
  }
  return [added, missing];
}

const without = (words: readonly string[], word: string) => words.filter((other) => other !== word);

function isSameButOneWord(words: readonly string[], ours: readonly string[]): boolean {
  const [added, missing] = differences(words, ours);
  return added.length === 0 && missing.length === 0;
}

/** Abbreviations of words in our names. Others of their length begin too many words. */
const SHORT = new Set(['AUTH', 'AUD', 'ISS', 'MAX', 'REQ', 'DOC']);

function isSameStem(word: string, other: string): boolean {
  const [short, long] = word.length < other.length ? [word, other] : [other, word];
  if (long.startsWith(short)) return short.length >= 5 || SHORT.has(short);
  let same = 0;
  while (same < short.length && short[same] === long[same]) same++;
  // EMULATE and EMULATOR, TRUSTING and TRUSTED.
  if (same >= 5 && long.length - same <= 3) return true;
  return short.length >= 5 && mayBeTypo(word, other, 1) && editDistance(word, other) <= 1;
}

const SWITCHES = new Set('ENABLE ENABLED DISABLE DISABLED USE ON ALLOW ALLOWED'.split(' '));
const UNITS = new Set('MS MILLI MILLISECOND SEC SECOND MIN MINUTE BYTE KB MB'.split(' '));
/** Words that say no more than our names do. */
const QUALIFIERS = new Set([
  ...SWITCHES,
  ...UNITS,
  ...'COUNT NUM NUMBER SIZE VALUE MAX LIST URL FILE LEVEL MODE DEFAULT QUERY GRAPHQL GATEWAY SERVER APOLLO'.split(
    ' ',
  ),
]);

/** `INTROSPECTION_ENABLED`, `CORS_ALLOWED_ORIGINS`, `REQUEST_TIMEOUT_SECONDS`, `MAX_BODY_SIZE`. */
function isWithQualifiers(words: readonly string[], ours: readonly string[]): boolean {
  const [added, missing] = differences(words, ours);
  // HOST and PORT are parts of too many names.
  const isShort = ours.length === 1 && (ours[0]?.length ?? 0) < 5;
  if (!added.every((word) => (isShort ? SWITCHES : QUALIFIERS).has(word))) return false;
  if (missing.length === 0) return true;
  return missing.every((word) => UNITS.has(word)) && ours.length - missing.length >= 2;
}

/** The last words are missing, or one besides the unit: `JWKS_URL`, `MAX_COST`. At least two are there. */
function lacksWords(words: readonly string[], ours: readonly string[]): boolean {
  const [added, missing] = differences(words, ours);
  if (words.length < 2 || added.length > 0) return false;
  if (words.every((word, at) => word === ours[at])) return true;
  return missing.filter((word) => !UNITS.has(word)).length <= 1;
}

const BEGINNINGS = 'CALLER CORS APQ EXPLORER JWKS UPSTREAM RATE_LIMIT TRUSTED_PROXIES MAX_IN_FLIGHT'
  .split(' ')
  .map(wordsOf);

/** The nearest of our names that have the same beginning. */
function findByBeginning({ text, words }: Name): readonly VariableName[] {
  const beginning = BEGINNINGS.find((some) => some.every((word, at) => word === words[at]));
  if (beginning === undefined) return [];
  const [nearest] = known
    .filter((ours) => beginning.every((word) => ours.words.includes(word)))
    .map((ours) => ({ ours, distance: editDistance(text, ours.text) - 4 * sharedWords(words, ours.words) }))
    .sort((one, other) => one.distance - other.distance);
  return nearest ? [nearest.ours.text] : [];
}

function sharedWords(words: readonly string[], ours: readonly string[]): number {
  return words.filter((word) => ours.includes(word)).length;
}

/** `ENABLE_PLAYGROUND` and `GRAPHIQL_ENABLED` without what switches them. */
function withoutSwitch(text: string): string {
  return text
    .split('_')
    .filter((word) => !SWITCHES.has(word))
    .join('_');
}

const cut = (name: string) => name.slice(0, 40);
