import { post } from './gateway.ts';

const MAX_ROUNDS = 150;
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
 * CPU time that a request would take on a quiet machine beyond what it takes to read its body. A busy machine stretches the
 * time of each program, that of a known request before and after it as well. Others disturb and never help, so the least of
 * some rounds counts: of three, and as many more as it takes to come below `maxMs`, up to a maximum. `body` may be another
 * one each time, of about the same size.
 */
export async function extraCpuMs(
  url: string,
  body: object | (() => object),
  { maxMs, headers = {}, measuredHeaders = {}, cpuMs = ownCpuMs }: CpuOptions,
): Promise<number> {
  const create = typeof body === 'function' ? (body as () => object) : () => body;
  const measure = async (toBody: () => object, withHeaders = headers) => {
    const texts = Array.from({ length: REQUESTS }, () => JSON.stringify(toBody()));
    const before = cpuMs();
    for (const text of texts) await post(url, text, withHeaders);
    return (cpuMs() - before) / REQUESTS;
  };
  let [readMs, extraMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < MAX_ROUNDS && (round < 3 || extraMs >= maxMs); round++) {
    const knownBefore = await measure(known);
    readMs = Math.min(readMs, await measure(() => ({ pad: create() })));
    const wholeMs = await measure(create, { ...headers, ...measuredHeaders });
    const knownMs = Math.min(knownBefore, await measure(known));
    extraMs = Math.min(extraMs, (wholeMs - readMs) * Math.min(1, KNOWN_MS / knownMs));
  }
  return extraMs;
}

/** CPU time of `known` requests on a quiet machine. A core that is shared stretches the time of each program. */
const KNOWN_MS = 2;
/** A request with a small new document, which is rejected. */
const known = () => ({ query: `{ tokens { nodes { id name } } unknown${sent++} }` });
let sent = 0;

/**
 * CPU time of this process so far. Always both parts together: Linux divides it between them by samples, so that all of a
 * short interval may count as `system`.
 */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
