import { isIP } from 'node:net';
import { parseExactUrl, type RedisAddress, readRedisAddress } from './urls.ts';

/** One environment variable: its parser, its default and its documentation. */
export interface Variable<T> {
  readonly default: T;
  /** `default` as the documentation shows it. */
  readonly defaultText: string;
  readonly meaning: string;
  /** Completes the sentence "Expected NAME to be …". */
  readonly expected: string;
  /** Returns undefined for an invalid text. */
  readonly read: (text: string) => T | undefined;
  /** An invalid value as a message may show it. */
  readonly show: (text: string) => string;
}

/** Removes the parts of a URL that could hold a credential, because it may have been set for the wrong variable. */
const withoutCredentials = (text: string) => text.replace(/^.*@/s, '…@').replace(/[?#].*$/s, '…');

export function integer<D extends number | undefined>(
  meaning: string,
  fallback: D,
  { min = 0, max, defaultText }: { min?: number; max: number; defaultText?: string },
): Variable<D | number> {
  return variable<D | number>(meaning, fallback, defaultText, {
    expected: `a whole number from ${min} to ${max}`,
    read: (text) => {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  });
}

export function flag<D extends boolean | undefined>(
  meaning: string,
  fallback: D,
  defaultText?: string,
): Variable<D | boolean> {
  const values = new Map(Object.entries({ true: true, 1: true, false: false, 0: false }));
  return variable<D | boolean>(meaning, fallback, defaultText, {
    expected: '"true" or "false"',
    read: (text) => values.get(text),
  });
}

export function choice<const T extends string, D extends T | undefined>(
  meaning: string,
  allowed: readonly T[],
  fallback: D,
  defaultText?: string,
): Variable<D | T> {
  return variable<D | T>(meaning, fallback, defaultText, {
    expected: allowed.map((value) => `"${value}"`).join(', '),
    read: (text) => allowed.find((value) => value === text),
  });
}

/** Any text: a path, a seed. `docker run --env-file` keeps quotation marks around a value. */
export function text<D extends string | undefined = undefined>(
  meaning: string,
  fallback?: D,
): Variable<D | string> {
  return variable(meaning, fallback as D | string, undefined, {
    expected: 'text without quotation marks around it',
    read: (value) => (/^(["']).*\1$/s.test(value) ? undefined : value),
    show: () => '…',
  });
}

/** A text that Node.js reads as well, and as it is: also with blanks or quotation marks around it. */
export function verbatim(meaning: string): Variable<string | undefined> {
  return { ...text(meaning), read: (value: string) => value };
}

/**
 * A name without blanks or quotes: a value copied with its quotation marks is the usual mistake. A message does not show
 * it, because a passphrase may have been set for the variable beside its own.
 */
export function identifier(meaning: string, defaultText?: string): Variable<string | undefined> {
  return variable<string | undefined>(meaning, undefined, defaultText, {
    expected: 'at most 256 characters without blanks and quotation marks',
    read: (value) => (/^[^\s"'`\p{C}]{1,256}$/u.test(value) ? value : undefined),
    show: () => '…',
  });
}

/** A host name or an IP address to listen on. */
export function host(meaning: string, fallback: string, defaultText?: string): Variable<string> {
  return variable<string>(meaning, fallback, defaultText, {
    expected: 'a host name or an IP address',
    read: (value) => (/^[\w.-]{1,253}$|^[\da-fA-F:.]{2,45}(%\w+)?$/.test(value) ? value : undefined),
  });
}

/** Like `host`, for a host that becomes a part of a URL, where the zone of an address (`fe80::1%eth0`) has no place. */
export function urlHost(meaning: string, fallback: string): Variable<string> {
  const { read, ...others } = host(meaning, fallback);
  const expected = 'a host name or an IP address without a zone';
  return { ...others, expected, read: (value) => (value.includes('%') ? undefined : read(value)) };
}

/** An absolute http or https URL without credentials, kept unchanged. */
export function url(meaning: string, defaultText?: string): Variable<string | undefined> {
  return variable<string | undefined>(meaning, undefined, defaultText, {
    expected: 'an http or https URL without credentials, query, fragment and port 0',
    read: (value) => (readUrl(value) ? value : undefined),
  });
}

/** Like `url`, also with a query, which some identity providers require. */
export function urlWithQuery(meaning: string): Variable<string | undefined> {
  return variable<string | undefined>(meaning, undefined, undefined, {
    expected: 'an http or https URL without credentials, fragment and port 0',
    read: (value) => (readUrl(value.replace(/\?[^#\s]*$/, '')) ? value : undefined),
  });
}

/** Origins as browsers send them (`https://app.example.com`), separated by commas. */
export function origins(meaning: string): Variable<readonly string[]> {
  const expected =
    'a list of origins such as https://app.example.com, separated by commas; * is not accepted, and an origin has no path';
  return list(meaning, expected, (origin) => readUrl(origin)?.origin === origin);
}

/** Names of HTTP header fields (RFC 9110 section 5.6.2) in lower case, separated by commas. */
export function headerNames(meaning: string): Variable<readonly string[]> {
  const expected = 'a list of header names such as x-tenant, separated by commas; * is not accepted';
  const { read, ...names } = list(meaning, expected, (name) => /^[!#$%&'+.^_`|~\da-z-]+$/.test(name));
  return { ...names, read: (value) => read(value.toLowerCase()) };
}

/** IP addresses and networks in CIDR notation, separated by commas. */
export function addresses(meaning: string): Variable<readonly string[]> {
  const expected = 'a list of IP addresses or networks such as 10.0.0.0/8, separated by commas';
  return list(meaning, expected, isNetwork);
}

function list(meaning: string, expected: string, isItem: (text: string) => boolean) {
  return variable<readonly string[]>(meaning, [], 'none', {
    expected,
    read: (value) => {
      const items = value.split(',').map((item) => item.trim());
      return items.every(isItem) ? items : undefined;
    },
  });
}

function isNetwork(value: string): boolean {
  const [address = '', bits = '0', ...more] = value.split('/');
  // An address with a zone (`fe80::1%eth0`) is rejected, because addresses of clients have none.
  const version = address.includes('%') ? 0 : isIP(address);
  const areBits = /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32);
  return version > 0 && areBits && more.length === 0;
}

/** A value that always prints as `shown`. Only `reveal` returns it. */
export interface Secret<Value = string> {
  reveal(): Value;
}

export function createSecret<Value>(value: Value, shown = '[secret]'): Secret<Value> {
  const redact = () => shown;
  return Object.freeze({
    reveal: () => value,
    toJSON: redact,
    toString: redact,
    // Called by util.inspect, and so by console.log.
    [Symbol.for('nodejs.util.inspect.custom')]: redact,
  });
}

/** Kept unchanged, blanks included, and never shown. */
export function secret(meaning: string): Variable<Secret | undefined> {
  return { ...text(meaning), default: undefined, expected: 'text', read: (value) => createSecret(value) };
}

/** The address of Redis. It is a secret, because it contains the password. */
export function redisUrl(meaning: string): Variable<Secret<RedisAddress> | undefined> {
  return {
    ...text(meaning),
    default: undefined,
    expected:
      'a redis or rediss URL such as rediss://user:password@host:6379/0, without quotation marks, and with % for reserved characters of the password',
    read(value) {
      const address = readRedisAddress(value.trim());
      return address && createSecret(address);
    },
  };
}

function readUrl(value: string): URL | undefined {
  const parsed = parseExactUrl(value);
  if (!parsed) return undefined;
  const isHttp = parsed.protocol === 'http:' || parsed.protocol === 'https:';
  const isBare = parsed.username === '' && parsed.password === '' && !/[?#]/.test(value);
  return isHttp && isBare ? parsed : undefined;
}

function variable<T>(
  meaning: string,
  fallback: T,
  defaultText = fallback === undefined ? 'none' : String(fallback),
  {
    expected,
    read,
    show = withoutCredentials,
  }: Pick<Variable<T>, 'expected' | 'read'> & Partial<Variable<T>>,
): Variable<T> {
  return { default: fallback, defaultText, meaning, expected, read: (value) => read(value.trim()), show };
}
