import { editDistance } from './edit-distance.ts';
import { NAMES_OF_OTHERS, OTHER_NAMES } from './other-names.ts';
import { type VariableName, variables } from './variables.ts';

/**
 * One problem for each name that somebody has probably meant as one of ours: a typo in `MAX_DEPTH` must not leave the
 * default in force.
 *
 * A name is rejected when it is a typo of ours; when it has the same words, in any order, but for an ending, a synonym, a
 * unit or a word such as ENABLED; when one word of ours is missing, or the last ones, and two are left; when other servers
 * use it for the same thing (`API_KEYS`, `GRAPHIQL`, `DEPTH`); or when it begins as only our names begin (`CORS_`,
 * `CALLER_`, `RATE_LIMIT_`, `UPSTREAM_`). Everything else is left alone, since a container gets many variables that nobody
 * chose: those of the shell, the image, the platform and the host. The ones that Kubernetes and Docker make of a service's
 * name (`AUTH_PORT`, `REDIS_SERVICE_HOST`, `CORS_PORT_80_TCP`) are rejected only when they are typos.
 */
export function findMisspelt(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (Object.hasOwn(variables, name) || value.trim() === '' || SERVICE_ADDRESS.test(value)) return [];
    const meant = findMeant(name.toUpperCase());
    return meant ? [`${name.slice(0, 40)} is not a variable of this gateway. Did you mean ${meant}?`] : [];
  });
}

/** The value of `REDIS_PORT` where a service is called redis. */
const SERVICE_ADDRESS = /^(?:tcp|udp|sctp):\/\/[\d.:[\]a-f]+$/i;
const SERVICE_NAME =
  /_SERVICE_(?:HOST|PORT)(?:_\w+)?$|_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/;
const MAX_CHARS = 60;

const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['URI', 'URL'],
  ['PATH', 'FILE'],
  ['LIMIT', 'MAX'],
  ['MAXIMUM', 'MAX'],
  ['AUTHENTICATION', 'AUTH'],
  ['AUTHN', 'AUTH'],
  ['ISS', 'ISSUER'],
  ['AUD', 'AUDIENCE'],
  ['DOC', 'DOCUMENT'],
  ['TRUST', 'TRUSTED'],
  ['CHARACTER', 'CHAR'],
]);

const known = (Object.keys(variables) as VariableName[]).map((text) => ({
  text,
  letters: lettersOf(text),
  words: wordsOf(text),
}));
// OpenTelemetry has many more variables, which its library reads by itself.
const comparable = known.filter(({ text }) => !text.startsWith('OTEL_'));
const byOtherName = new Map(
  Object.entries(OTHER_NAMES).flatMap(([meant, names]) =>
    names.split(' ').map((name) => [lettersOf(name), meant] as const),
  ),
);

/** The rules from the most certain to the least: the first that fits decides. */
function findMeant(name: string): string | undefined {
  if (name.length > MAX_CHARS || NAMES_OF_OTHERS.has(name)) return undefined;
  const letters = lettersOf(name);
  const typo =
    known.find((ours) => letters === ours.letters) ??
    known.find((ours) => isTypo(name, ours.text) || isTypo(letters, ours.letters));
  if (typo || SERVICE_NAME.test(name)) return typo?.text;
  const other = byOtherName.get(letters) ?? byOtherName.get(lettersOf(withoutWords(SWITCHES, name)));
  if (other) return other;
  const words = wordsOf(name);
  const compared = comparable.map((ours) => compareWords(words, ours));
  const meant =
    compared.find(({ added, missing }) => added.length === 0 && missing.length === 0) ??
    compared.find(hasQualifiers) ??
    compared.find((comparison) => lacksWords(words, comparison));
  return meant?.text ?? byOtherName.get(lettersOf(withoutWords(UNITS, name))) ?? findByBeginning(name, words);
}

function lettersOf(name: string): string {
  return name.replace(/[^A-Z\d]/g, '');
}

/** In a name of four letters (HOST, PORT) a changed letter makes another word. */
function isTypo(name: string, ours: string): boolean {
  if (ours.length < 6) return isDoubled(name, ours) || isSwapped(name, ours);
  const allowed = ours.length >= 12 || (isSecurity(ours) && ours.length >= 8) ? 2 : 1;
  return isNear(name, ours, allowed);
}

/** Variables that open access or remove a limit when they are not read. */
function isSecurity(ours: string): boolean {
  return /^(AUTH|CALLER|CORS|TRUSTED|EXPLORER|INTROSPECTION|RATE_LIMIT|MAX_IN_FLIGHT|ADMIN_HOST)/.test(ours);
}

function isDoubled(name: string, ours: string): boolean {
  return name === `${ours}S` || (name.length === ours.length + 1 && name.replace(/(.)\1/, '$1') === ours);
}

function isSwapped(name: string, ours: string): boolean {
  return sorted(name) === sorted(ours) && editDistance(name, ours) === 1;
}

function sorted(text: string): string {
  return [...text].sort().join('');
}

/** Whether two words are at most `edits` apart and have the same first or last letter: typos seldom change both ends. */
function isNear(name: string, ours: string, edits: number): boolean {
  // Most names are ruled out here, before the distance is computed.
  if (Math.abs(name.length - ours.length) > edits) return false;
  return (name[0] === ours[0] || name.at(-1) === ours.at(-1)) && editDistance(name, ours) <= edits;
}

/** `MAX_DEPTH` and `DEPTH_LIMIT` have the same words, and so have `TRUSTED_PROXIES` and `TRUST_PROXY`. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/^TOKENS?_GATEWAY_(?!(?:HOST|PORT)$)/, '')
    .replace(/RATE(?=LIMIT)|KEEP(?=ALIVE)|IN(?=FLIGHT)|API(?=KEY)/g, '$&_')
    .split(/[^A-Z\d]+/)
    .map(singular)
    .map((word) => SYNONYMS.get(word) ?? word);
}

function singular(word: string): string {
  if (word.length < 4 || /(SS|US|IS|ACCESS)$/.test(word)) return word;
  return word
    .replace(/IES$/, 'Y')
    .replace(/([SX]|SH|CH)ES$/, '$1')
    .replace(/S$/, '');
}

interface Comparison {
  readonly text: VariableName;
  readonly ours: readonly string[];
  /** Words that only the name has. */
  readonly added: readonly string[];
  /** Words that only our variable has. */
  readonly missing: readonly string[];
}

/**
 * Compares words in any order. One word may differ by its ending or a letter: `PROXY_TRUSTED` has all words of
 * `TRUSTED_PROXIES`, and `INTROSPECT_ENABLED` has one more than `INTROSPECTION`.
 */
function compareWords(words: readonly string[], { text, words: ours }: (typeof known)[number]): Comparison {
  const added = words.filter((word) => !ours.includes(word));
  const missing = ours.filter((word) => !words.includes(word));
  for (const word of added) {
    const same = missing.find((other) => isSameStem(word, other));
    if (same !== undefined)
      return { text, ours, added: without(added, word), missing: without(missing, same) };
  }
  return { text, ours, added, missing };
}

function without(words: readonly string[], word: string): readonly string[] {
  return words.filter((other) => other !== word);
}

/** Abbreviations of words in our names. Others of their length begin too many words. */
const SHORT = new Set(['AUTH', 'AUD', 'ISS', 'MAX', 'REQ', 'DOC']);

function isSameStem(word: string, other: string): boolean {
  const [short, long] = word.length < other.length ? [word, other] : [other, word];
  if (long.startsWith(short)) return short.length >= 5 || SHORT.has(short);
  if (short.length < 5) return false;
  // EMULATE and EMULATOR, TRUSTING and TRUSTED.
  return long.startsWith(short.slice(0, Math.max(5, long.length - 3))) || isNear(word, other, 1);
}

const SWITCHES = 'ENABLE ENABLED DISABLE DISABLED USE ON ALLOW ALLOWED'.split(' ');
const UNITS = 'MS MILLI MILLISECOND SEC SECOND MIN MINUTE BYTE KB MB'.split(' ');
/** Words that say no more than our names do. */
const QUALIFIERS =
  'COUNT NUM NUMBER SIZE VALUE MAX LIST URL FILE LEVEL MODE DEFAULT QUERY GRAPHQL GATEWAY SERVER APOLLO'
    .split(' ')
    .concat(SWITCHES, UNITS);

/** `ENABLE_PLAYGROUND` without what switches it, or `SHUTDOWN_TIMEOUT_SECONDS` without its unit. */
function withoutWords(words: readonly string[], name: string): string {
  return name
    .split('_')
    .filter((word) => !words.includes(singular(word)))
    .join('_');
}

/** `INTROSPECTION_ENABLED`, `CORS_ALLOWED_ORIGINS`, `REQUEST_TIMEOUT_SECONDS`, `MAX_BODY_SIZE`. */
function hasQualifiers({ ours, added, missing }: Comparison): boolean {
  // HOST and PORT are parts of too many names.
  const isShort = ours.length === 1 && (ours[0]?.length ?? 0) < 5;
  if (!added.every((word) => (isShort ? SWITCHES : QUALIFIERS).includes(word))) return false;
  if (missing.length === 0) return true;
  return missing.every((word) => UNITS.includes(word)) && ours.length - missing.length >= 2;
}

/** The last words are missing, or one besides the unit: `JWKS_URL`, `MAX_COST`. At least two are there. */
function lacksWords(words: readonly string[], { ours, added, missing }: Comparison): boolean {
  if (words.length < 2 || added.length > 0) return false;
  if (words.every((word, at) => word === ours[at])) return true;
  return missing.filter((word) => !UNITS.includes(word)).length <= 1;
}

const BEGINNINGS = 'CALLER CORS APQ EXPLORER JWKS UPSTREAM RATE_LIMIT TRUSTED_PROXIES MAX_IN_FLIGHT'
  .split(' ')
  .map(wordsOf);

/** The nearest of our names that have the same beginning. */
function findByBeginning(name: string, words: readonly string[]): VariableName | undefined {
  const beginning = BEGINNINGS.find((some) => some.every((word, at) => word === words[at]));
  if (beginning === undefined) return undefined;
  const [nearest] = known
    .filter((ours) => beginning.every((word) => ours.words.includes(word)))
    .map(({ text, words: ours }) => {
      const shared = words.filter((word) => ours.includes(word)).length;
      return { text, distance: editDistance(name, text) - 4 * shared };
    })
    .sort((one, other) => one.distance - other.distance);
  return nearest?.text;
}
