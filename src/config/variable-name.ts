/** A name of a variable, as it is compared with others. */
export interface Name {
  readonly text: string;
  /** Without underscores. */
  readonly letters: string;
  /** In the singular, and one word for all that mean the same. */
  readonly words: readonly string[];
}

/** For a name in capitals. */
export function toName(text: string): Name {
  return { text, letters: lettersOf(text), words: wordsOf(text) };
}

export function lettersOf(text: string): string {
  return text.replace(/[^A-Z\d]/g, '');
}

const SYNONYMS: Readonly<Record<string, string>> = {
  URI: 'URL',
  PATH: 'FILE',
  LIMIT: 'MAX',
  MAXIMUM: 'MAX',
  AUTHENTICATION: 'AUTH',
  AUTHN: 'AUTH',
  ISS: 'ISSUER',
  AUD: 'AUDIENCE',
  DOC: 'DOCUMENT',
  TRUST: 'TRUSTED',
  CHARACTER: 'CHAR',
};

/** `MAX_DEPTH` and `DEPTH_LIMIT` have the same words, and so have `TRUSTED_PROXIES` and `TRUST_PROXY`. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/^TOKENS?_GATEWAY_(?!(?:HOST|PORT)$)/, '')
    .replace(/RATELIMIT|KEEPALIVE|INFLIGHT|APIKEY/g, (joined) => SEPARATED[joined] ?? joined)
    .split(/[^A-Z\d]+/)
    .map(singular)
    .map((word) => (Object.hasOwn(SYNONYMS, word) ? (SYNONYMS[word] ?? word) : word));
}

const SEPARATED: Readonly<Record<string, string>> = {
  RATELIMIT: 'RATE_LIMIT',
  KEEPALIVE: 'KEEP_ALIVE',
  INFLIGHT: 'IN_FLIGHT',
  APIKEY: 'API_KEY',
};

function singular(word: string): string {
  if (word.length < 4 || /(SS|US|IS|ACCESS)$/.test(word)) return word;
  return word
    .replace(/IES$/, 'Y')
    .replace(/([SX]|SH|CH)ES$/, '$1')
    .replace(/S$/, '');
}

/** Of Damerau and Levenshtein, in its restricted form: letters that changed places are one edit. */
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
