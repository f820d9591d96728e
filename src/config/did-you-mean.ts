import { editDistance } from './edit-distance.ts';
import { NAMES_OF_OTHERS, OTHER_NAMES } from './other-names.ts';
import { type VariableName, variables } from './variables.ts';

/**
 * One problem for each name that somebody has probably meant as one of ours: a typo in `MAX_DEPTH` must not leave the
 * default in force.
 *
 * A name is rejected when it is a typo of ours; when other servers use it for the same thing (`API_KEYS`, `GRAPHIQL`,
 * `DEPTH`); when it has the same words, in any order, but for an ending, a synonym, a unit or a word such as ENABLED; when
 * one word of ours is missing, or the last ones, and two are left; or when it begins as only our names begin (`CORS_`,
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

/** The rules from the most certain to the least: the first that fits decides. */
function findMeant(name: string): string | undefined {
  if (name.length > MAX_CHARS || NAMES_OF_OTHERS.has(name)) return undefined;
  const letters = lettersOf(name);
  const typo =
    known.find((ours) => letters === ours.letters) ??
    known.find((ours) => isTypo(name, ours.text) || isTypo(letters, ours.letters));
  if (typo || SERVICE_NAME.test(name)) return typo?.text;
  return byOtherName.get(letters) ?? findByWords(name) ?? findByBeginning(name);
}

function lettersOf(name: string): string {
  return name.replace(/[^A-Z\d]/g, '');
}

/** Variables that open access or remove a limit when they are not read: two typos are recognized in shorter names. */
const SECURITY = /^(AUTH|CALLER|CORS|TRUSTED|EXPLORER|INTROSPECTION|RATE_LIMIT|MAX_IN_FLIGHT|ADMIN_HOST)/;

/** Typos seldom change both ends of a name. In one of four letters (HOST, PORT) another letter makes another word. */
function isTypo(name: string, ours: string): boolean {
  const edits = ours.length >= (SECURITY.test(ours) ? 8 : 12) ? 2 : 1;
  if (Math.abs(name.length - ours.length) > edits) return false;
  const isSameStart = name[0] === ours[0];
  const isPlausible =
    ours.length < 6
      ? [...ours].every((letter) => name.includes(letter)) && (isSameStart || name.length === ours.length)
      : isSameStart || name.at(-1) === ours.at(-1);
  return isPlausible && editDistance(name, ours) <= edits;
}

const SYNONYMS: Readonly<Record<string, string>> = {
  URI: 'URL',
  PATH: 'FILE',
  LIMIT: 'MAX',
  MAXIMUM: 'MAX',
  AUTHENTICATION: 'AUTH',
  AUTHORIZATION: 'AUTH',
  AUTHN: 'AUTH',
  TRUSTED: 'TRUST',
  ALLOWED: 'ALLOW',
  ISS: 'ISSUER',
  AUD: 'AUDIENCE',
  DOC: 'DOCUMENT',
  CHARACTER: 'CHAR',
  REQ: 'REQUEST',
};
/** Words with the same beginning are the same: INTROSPECT and INTROSPECTION, EMULATE and EMULATOR. */
const STEM_CHARS = 6;

function stemOf(word: string): string {
  const singular = word.length < 4 ? word : word.replace(/IES$/, 'Y').replace(/(?<=S)ES$|(?<=[^AISU])S$/, '');
  return (SYNONYMS[singular] ?? singular).slice(0, STEM_CHARS);
}

/** `MAX_DEPTH` and `DEPTH_LIMIT` have the same words, and so have `TRUSTED_PROXIES` and `TRUST_PROXY`. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/^TOKENS?_GATEWAY_(?!(?:HOST|PORT)$)/, '')
    .replace(/RATE(?=LIMIT)|KEEP(?=ALIVE)|IN(?=FLIGHT)|API(?=KEY)/g, '$&_')
    .split(/[^A-Z\d]+/)
    .map(stemOf);
}

const UNITS = wordsOf('MS_MILLISECONDS_SEC_SECONDS_MIN_MINUTES_BYTES_KB_MB');
const SWITCHES = wordsOf('ENABLED_DISABLED_USE_ON_ALLOWED');
/** Words that say no more than our names do. */
const FILLERS = wordsOf(
  'COUNT_NUM_NUMBER_SIZE_VALUE_MAX_LIST_URL_FILE_LEVEL_MODE_DEFAULT_QUERY_GRAPHQL_GATEWAY_SERVER_APOLLO',
).concat(UNITS, SWITCHES);

const known = (Object.keys(variables) as VariableName[]).map((text) => ({
  text,
  letters: lettersOf(text),
  words: wordsOf(text),
}));
/** Without words that are a part of too many names, and the many variables that OpenTelemetry reads by itself. */
const comparable = known.filter(({ text }) => !/^(HOST|PORT|OTEL_.*)$/.test(text));
const byOtherName = new Map(
  Object.entries(OTHER_NAMES).flatMap(([meant, names]) =>
    names.split(' ').map((name) => [lettersOf(name), meant] as const),
  ),
);

function findByWords(name: string): string | undefined {
  const words = wordsOf(name);
  const compared = comparable.map(({ text, words: ours }) => ({
    text,
    added: words.filter((word) => !ours.includes(word)),
    missing: ours.filter((word) => !words.includes(word) && !UNITS.includes(word)),
    isBeginning: words.every((word, at) => word === ours[at]),
  }));
  const same = compared.filter(({ missing }) => missing.length === 0);
  const found =
    same.find(({ added }) => added.length === 0) ??
    same.find(({ added }) => added.every((word) => FILLERS.includes(word))) ??
    compared.find(
      ({ added, missing, isBeginning }) =>
        words.length > 1 && added.length === 0 && (isBeginning || missing.length === 1),
    );
  return found?.text ?? byOtherName.get(withoutSwitchAndUnit(name));
}

/** `ENABLE_PLAYGROUND` without what switches it, `SHUTDOWN_TIMEOUT_SECONDS` without its unit. */
function withoutSwitchAndUnit(name: string): string {
  const words = name.split('_');
  return words.filter((word) => ![...SWITCHES, ...UNITS].includes(stemOf(word))).join('');
}

const BEGINNINGS = 'CALLER CORS APQ EXPLORER JWKS UPSTREAM RATE_LIMIT TRUSTED_PROXIES MAX_IN_FLIGHT'
  .split(' ')
  .map(wordsOf);

/** The nearest of our names that have the same beginning. */
function findByBeginning(name: string): string | undefined {
  const words = wordsOf(name);
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
