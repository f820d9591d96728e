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
