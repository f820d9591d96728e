import { type VariableName, variables } from './variables.ts';

interface Name {
  readonly text: string;
  /** Without underscores. */
  readonly letters: string;
  /** In the singular. */
  readonly words: readonly string[];
}

const known = (Object.keys(variables) as VariableName[]).map((text) => ({ ...toName(text), text }));

/**
 * One problem for each name that somebody has probably meant as one of ours: a typo in `MAX_DEPTH` must not leave the
 * default in force. Names that other programs read, and the host's own, are left alone.
 */
export function findMisspelt(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    if (Object.hasOwn(variables, name)) return [];
    const meant = findMeant(name.toUpperCase());
    return meant ? [`${cut(name)} is not a variable of this gateway. Did you mean ${meant}?`] : [];
  });
}

/** Two words of ours that name something else elsewhere: a limit of language models, files of other servers. */
const OTHERS = new Set(['MAX_TOKENS', 'KEY_FILE', 'KEYS_FILE', 'DATA_FILE', 'TIMEOUT_MS', 'HOST_NAME']);

function findMeant(text: string): VariableName | undefined {
  if (text.length > 60 || OTHERS.has(text)) return undefined;
  const name = toName(text);
  for (const isSame of RULES) {
    const meant = known.find((ours) => isSame(name, ours));
    if (meant) return meant.text;
  }
  return undefined;
}

/** The most certain first: the message names the variable that the first matching rule finds. */
const RULES: readonly ((name: Name, ours: Name) => boolean)[] = [
  (name, ours) => name.letters === ours.letters,
  (name, ours) => isTypo(name.text, ours.text),
  (name, ours) => !isStandard(ours) && isSameButOneWord(name.words, ours.words),
  (name, ours) => !isStandard(ours) && isInOtherUnit(name.words, ours.words),
  (name, ours) => !isStandard(ours) && isWithQualifier(name.words, ours.words),
  (name, ours) => !isStandard(ours) && lacksWords(name.words, ours.words),
];

/** OpenTelemetry has many more variables, which its library reads by itself. */
function isStandard({ text }: Name): boolean {
  return text.startsWith('OTEL_');
}

function toName(text: string): Name {
  return { text, letters: text.replace(/[^A-Z\d]/g, ''), words: wordsOf(text) };
}

/** Words in the singular: `PROXIES`, `PROXY` and `PROXYS` are one. */
function wordsOf(name: string): string[] {
  return name.split(/[^A-Z\d]+/).map(singular);
}

function singular(word: string): string {
  if (word.length < 4 || /(SS|US|IS|ACCESS)$/.test(word)) return word;
  return word
    .replace(/IES$/, 'Y')
    .replace(/([SX]|SH|CH)ES$/, '$1')
    .replace(/S$/, '');
}

/** A slip of the finger. In a name of four letters (HOST, PORT) a changed letter makes another word. */
function isTypo(name: string, ours: string): boolean {
  if (ours.length < 6) return isDoubled(name, ours) || isSwapped(name, ours);
  const allowed = ours.length >= 12 || (isSecurity(ours) && ours.length >= 8) ? 2 : 1;
  return Math.abs(name.length - ours.length) <= allowed && editDistance(name, ours) <= allowed;
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

/** As many words, of which one at most differs, by its ending or a letter: `TRUST_PROXY`, `CALLER_AUTHENTICATION`. */
function isSameButOneWord(name: readonly string[], ours: readonly string[]): boolean {
  if (name.length !== ours.length) return false;
  const different = name.flatMap((word, at) => (word === ours[at] ? [] : [[word, ours[at] ?? ''] as const]));
  if (different.length === 0) return true;
  const [[word, other] = ['', '']] = different;
  return different.length === 1 && isSameStem(word, other);
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
  return short.length >= 5 && editDistance(word, other) <= 1;
}

const QUALIFIERS = new Set(
  (
    'MS MILLI MILLISECOND SEC SECOND MIN MINUTE BYTE KB MB COUNT NUMBER SIZE VALUE LIMIT ENABLE ENABLED DISABLE ' +
    'DISABLED ALLOW ALLOWED USE ON LIST URL URI PATH FILE NAME LEVEL MODE TYPE DEFAULT QUERY GRAPHQL GATEWAY SERVER APOLLO'
  ).split(' '),
);

/** `REQUEST_TIMEOUT_SECONDS`, `MAX_BODY_SIZE`. */
function isInOtherUnit(name: readonly string[], ours: readonly string[]): boolean {
  const [unit = '', ourUnit = ''] = [name.at(-1), ours.at(-1)];
  const isUnit = QUALIFIERS.has(unit) && QUALIFIERS.has(ourUnit);
  return isUnit && name.length > 2 && isEqual(name.slice(0, -1), ours.slice(0, -1));
}

/** A word more that says no more than the name does: `INTROSPECTION_ENABLED`, `CORS_ALLOWED_ORIGINS`. */
function isWithQualifier(name: readonly string[], ours: readonly string[]): boolean {
  if (name.length !== ours.length + 1) return false;
  // HOST and PORT are parts of too many names.
  const isShort = ours.length === 1 && (ours[0]?.length ?? 0) < 5;
  const qualifiers = isShort ? SWITCHES : QUALIFIERS;
  return name.some((word, index) => qualifiers.has(word) && isEqual(name.toSpliced(index, 1), ours));
}

const SWITCHES = new Set(['ENABLE', 'ENABLED', 'DISABLE', 'DISABLED', 'USE']);

/** Words missing at the end, one at the beginning, or one in the middle: at least two are there. */
function lacksWords(name: readonly string[], ours: readonly string[]): boolean {
  if (name.length < 2 || name.length >= ours.length) return false;
  if (isEqual(name, ours.slice(0, name.length))) return true;
  if (name.length !== ours.length - 1) return false;
  return ours.some((_, at) => isEqual(name, ours.toSpliced(at, 1)));
}

function isEqual(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((word, at) => word === others[at]);
}

/** Of Damerau and Levenshtein, in its restricted form: letters that changed places are one edit. */
function editDistance(from: string, to: string): number {
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

const cut = (name: string) => name.slice(0, 40);
