import { post } from './gateway.ts';

/** A busy machine stretches CPU time, by a factor that changes all the time. */
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
 * CPU time of a request beyond what it takes to read its body. Both are the least of some rounds, since others disturb
 * and never help: of three, and as many more as it takes to come below `maxMs`, up to a maximum. `body` may be another one
 * each time, of about the same size.
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
  let [readMs, wholeMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < MAX_ROUNDS && (round < 3 || wholeMs - readMs >= maxMs); round++) {
    readMs = Math.min(readMs, await measure(read));
    wholeMs = Math.min(wholeMs, await measure(whole, { ...headers, ...measuredHeaders }));
  }
  return wholeMs - readMs;
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
