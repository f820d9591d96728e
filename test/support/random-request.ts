import type { Random } from './random.ts';

/** An HTTP request that may be of any kind. */
export interface RandomRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'POST'] as const;
const PATHS = [
  '/graphql/',
  '//graphql',
  '/',
  '/graphql/../livez',
  '/%67raphql',
  '/graphql?query=%7B',
  '/graphql?query',
];
const CONTENT_TYPES = [
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/graphql+json',
  'application/graphql',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'nonsense',
  '',
];
const ACCEPTS = [
  'application/json',
  'application/graphql-response+json',
  '*/*',
  'image/png',
  'multipart/mixed',
  ';;',
];
const HEADERS: readonly (readonly [string, string])[] = [
  ['apollo-require-preflight', 'true'],
  ['x-apollo-operation-name', 'Main'],
  ['content-encoding', 'gzip'],
  ['x-request-id', '../../etc/passwd'],
  ['traceparent', '00-zz-01'],
  ['x-http-method-override', 'DELETE'],
  ['origin', 'https://evil.example'],
  ['cookie', 'a=b'],
];

interface Envelope {
  readonly query: string;
  readonly variables: object;
}

/** Requests around `envelope`, a GraphQL request that is well-formed; texts in them may be `canary`. */
export function createRandomRequests(
  random: Random,
  { envelope, authorization, canary }: { envelope: () => Envelope; authorization: string; canary: string },
): () => RandomRequest {
  const value = (depth = 3): unknown => {
    const kind = random.integer(depth > 0 ? 8 : 5);
    if (kind === 6) return Array.from({ length: random.integer(3) }, () => value(depth - 1));
    if (kind >= 7) return { [random.pick(['query', '__proto__', 'constructor', ''])]: value(depth - 1) };
    return [null, true, random.integer(1e9) - 5e8, random.next() * 1e300, canary, canary.repeat(200)][kind];
  };
  const withWrongMember = (): string => {
    const name = random.pick(['query', 'variables', 'operationName', 'extensions', 'id', '__proto__']);
    // Written as text: an object literal would take `__proto__` for its own.
    return `{${JSON.stringify(name)}:${JSON.stringify(value())},${JSON.stringify(envelope()).slice(1)}`;
  };
  const mutate = (text: string): Buffer => {
    const bytes = [...Buffer.from(text)];
    for (let left = random.integer(4); left >= 0; left--) {
      const inserted = random.pick([
        [],
        [random.integer(255)],
        [...Buffer.from(random.pick(['{', '"', '\\u', ']']))],
      ]);
      bytes.splice(random.integer(bytes.length), random.integer(2), ...inserted);
    }
    return Buffer.from(bytes);
  };
  const body = (): Buffer => {
    switch (random.integer(7)) {
      case 0:
        return Buffer.from(Array.from({ length: random.integer(300) }, () => random.integer(255)));
      case 1:
        return Buffer.from(JSON.stringify(value()));
      case 2:
        return Buffer.from(withWrongMember());
      case 3:
        return mutate(withWrongMember());
      case 4:
        return mutate(JSON.stringify(envelope()));
      case 5:
      case 6:
        return Buffer.from(JSON.stringify({ ...envelope(), query: String(mutate(envelope().query)) }));
      default:
        return Buffer.from(JSON.stringify([envelope(), envelope()]));
    }
  };
  const headers = (): Record<string, string> => ({
    'content-type': random.chance(0.8) ? 'application/json' : random.pick(CONTENT_TYPES),
    accept: random.pick(ACCEPTS),
    ...(random.chance(0.9)
      ? { authorization: random.pick([...Array(9).fill(authorization), `Basic ${canary}`]) }
      : {}),
    ...Object.fromEntries(random.chance(0.3) ? [random.pick(HEADERS)] : []),
  });
  return () => {
    const method = random.chance(0.85) ? 'POST' : random.pick(METHODS);
    const path = random.chance(0.95) ? '/graphql' : random.pick(PATHS);
    return { method, path, headers: headers(), body: ['GET', 'HEAD'].includes(method) ? null : body() };
  };
}
