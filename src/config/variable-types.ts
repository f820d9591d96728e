import { parseUrl } from './parse-url.ts';
import { readRedisAddress } from './redis-url.ts';
import { createSecret, type Secret } from './secret.ts';

/** One environment variable: its parser, its default and its documentation. */
export interface Variable<T> {
  readonly default: T;
  /** `default` as the documentation shows it. */
  readonly defaultText: string;
  readonly meaning: string;
  /** Completes the sentence "Expected NAME to be …". */
  readonly expected: string;
  /** Undefined: the text is invalid. */
  readonly read: (text: string) => T | undefined;
  /** An invalid value as a message may show it. */
  readonly show: (text: string) => string;
}

interface Documentation {
  readonly meaning: string;
  readonly defaultText?: string;
}

const asIs = (text: string) => text;

export function integer<D extends number | undefined>(
  fallback: D,
  { min = 0, max, ...documentation }: Documentation & { min?: number; max: number },
): Variable<D | number> {
  return variable<D | number>(fallback, documentation, {
    expected: `a whole number from ${min} to ${max}`,
    read: (text) => {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  });
}

export function flag<D extends boolean | undefined>(
  fallback: D,
  documentation: Documentation,
): Variable<D | boolean> {
  const values: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };
  return variable<D | boolean>(fallback, documentation, {
    expected: '"true" or "false"',
    read: (text) => (Object.hasOwn(values, text) ? values[text] : undefined),
  });
}

export function choice<const T extends string, D extends T | undefined>(
  allowed: readonly T[],
  fallback: D,
  documentation: Documentation,
): Variable<D | T> {
  return variable<D | T>(fallback, documentation, {
    expected: allowed.map((value) => `"${value}"`).join(', '),
    read: (text) => allowed.find((value) => value === text),
  });
}

/** Any text: a path, a seed. */
export function text<D extends string | undefined>(fallback: D, documentation: Documentation) {
  return variable<D | string>(fallback, documentation, { expected: 'text', read: asIs });
}

/** A name without blanks or quotes: a value copied with its quotation marks is the usual mistake. */
export function identifier(documentation: Documentation): Variable<string | undefined> {
  return variable<string | undefined>(undefined, documentation, {
    expected: 'at most 256 characters without blanks and quotation marks',
    read: (value) => (/^[^\s"'`\p{C}]{1,256}$/u.test(value) ? value : undefined),
  });
}

/** A host name or an IP address to listen on. */
export function host(fallback: string, documentation: Documentation): Variable<string> {
  return variable<string>(fallback, documentation, {
    expected: 'a host name or an IP address',
    read: (value) => (/^[\w.-]{1,253}$|^[\da-fA-F:.]{2,45}(%\w+)?$/.test(value) ? value : undefined),
  });
}

/** An absolute http or https URL without credentials, kept unchanged. Messages omit the parts that could hold any. */
export function url(documentation: Documentation): Variable<string | undefined> {
  return variable<string | undefined>(undefined, documentation, {
    expected: 'an http or https URL without credentials, query and fragment',
    read: (value) => (readUrl(value) ? value : undefined),
    show: (value) => value.replace(/^.*@/s, '…@').replace(/[?#].*$/s, '…'),
  });
}

/** Origins as browsers send them (`https://app.example.com`), separated by commas. */
export function origins(documentation: Documentation): Variable<readonly string[]> {
  return variable<readonly string[]>([], documentation, {
    expected:
      'a list of origins such as https://app.example.com, separated by commas; * is not accepted, and an origin has no path',
    read: (value) => {
      const list = value.split(',').map((part) => part.trim());
      return list.every((origin) => readUrl(origin)?.origin === origin) ? list : undefined;
    },
  });
}

/** Names of HTTP header fields (RFC 9110 section 5.6.2), separated by commas. */
export function headerNames(documentation: Documentation): Variable<readonly string[]> {
  return variable<readonly string[]>([], documentation, {
    expected: 'a list of header names such as x-tenant, separated by commas; * is not accepted',
    read: (value) => {
      const list = value.split(',').map((part) => part.trim().toLowerCase());
      return list.every((name) => /^[!#$%&'+.^_`|~\da-z-]+$/.test(name)) ? list : undefined;
    },
  });
}

/** IP addresses and networks in CIDR notation, separated by commas. */
export function addresses(documentation: Documentation): Variable<readonly string[]> {
  return variable<readonly string[]>(
    [],
    { defaultText: 'none', ...documentation },
    {
      expected: 'a list of IP addresses or networks such as 10.0.0.0/8, separated by commas',
      read: (value) => {
        const list = value.split(',').map((part) => part.trim());
        return list.every(isNetwork) ? list : undefined;
      },
    },
  );
}

function isNetwork(value: string): boolean {
  const [address = '', bits, ...more] = value.split('/');
  const isV6 = address.includes(':');
  const isAddress = isV6 ? URL.canParse(`http://[${address}]`) : IPV4.test(address);
  const max = isV6 ? 128 : 32;
  return (
    isAddress && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= max))
  );
}

const IPV4 = /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/;

/** Kept unchanged, blanks included, and never shown. */
export function secret({ meaning }: Documentation): Variable<Secret | undefined> {
  return {
    default: undefined,
    defaultText: 'none',
    meaning,
    expected: 'text',
    read: createSecret,
    show: () => '…',
  };
}

/** The address of Redis. It is a secret, because it contains the password. */
export function redisUrl(documentation: Documentation): Variable<Secret | undefined> {
  return {
    ...secret(documentation),
    expected: 'a redis or rediss URL',
    read(text) {
      const value = text.trim();
      return readRedisAddress(value) ? createSecret(value) : undefined;
    },
  };
}

function readUrl(value: string): URL | undefined {
  const parsed = parseUrl(value);
  if (!parsed) return undefined;
  const isHttp = parsed.protocol === 'http:' || parsed.protocol === 'https:';
  const isBare = parsed.username === '' && parsed.password === '' && !/[?#]/.test(value);
  return isHttp && isBare ? parsed : undefined;
}

function variable<T>(
  fallback: T,
  { meaning, defaultText = fallback === undefined ? 'none' : String(fallback) }: Documentation,
  { expected, read, show = asIs }: Pick<Variable<T>, 'expected' | 'read'> & Partial<Variable<T>>,
): Variable<T> {
  return {
    default: fallback,
    defaultText,
    meaning,
    expected,
    read: (value) => read(value.trim()),
    show,
  };
}
