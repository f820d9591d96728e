import { post } from './gateway.ts';

const MAX_ROUNDS = 60;
const REQUESTS = 3;

interface CpuOptions {
  /** Rounds end as soon as the result is below. */
  readonly maxMs: number;
  readonly headers?: Record<string, string>;
  /** Further headers, which count as a part of what is measured. */
  readonly measuredHeaders?: Record<string, string>;
  /** CPU time so far of the process that is measured. This one by default. */
  readonly cpuMs?: () => number;
}

/**
 * CPU time that a request would take on a quiet machine beyond what it takes to read its body. Times are the least of some
 * rounds, since others disturb and never help: of three, and as many more as it takes to come below `maxMs`, up to a
 * maximum. `body` may be another one each time, of about the same size.
 */
export async function extraCpuMs(
  url: string,
  body: object | (() => object),
  { maxMs, headers = {}, measuredHeaders = {}, cpuMs = ownCpuMs }: CpuOptions,
): Promise<number> {
  const create = typeof body === 'function' ? (body as () => object) : () => body;
  const measure = async (toText: (body: object) => string, sent = headers) => {
    const texts = Array.from({ length: REQUESTS }, () => toText(create()));
    const before = cpuMs();
    for (const text of texts) await post(url, text, sent);
    return (cpuMs() - before) / REQUESTS;
  };
  const read = (body: object) => JSON.stringify({ pad: body });
  const whole = (body: object) => JSON.stringify(body);
  let [readMs, wholeMs, knownMs] = Array(3).fill(Number.POSITIVE_INFINITY) as [number, number, number];
  const extraMs = () => (wholeMs - readMs) * Math.min(1, KNOWN_MS / knownMs);
  for (let round = 0; round < MAX_ROUNDS && (round < 3 || extraMs() >= maxMs); round++) {
    readMs = Math.min(readMs, await measure(read));
    wholeMs = Math.min(wholeMs, await measure(whole, { ...headers, ...measuredHeaders }));
    knownMs = Math.min(knownMs, measureKnown());
  }
  return extraMs();
}

/** CPU time of `measureKnown` on a quiet machine. A core that two programs share stretches the time of both. */
const KNOWN_MS = 3.2;
const KNOWN_TEXT = JSON.stringify(
  Array.from({ length: 1000 }, (_, index) => ({ id: `key-${index}`, index })),
);

/** CPU time of a piece of work that is always the same. */
function measureKnown(): number {
  const before = ownCpuMs();
  for (let times = 0; times < 10; times++) JSON.parse(KNOWN_TEXT);
  return ownCpuMs() - before;
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
