import { type Dispatcher, Pool } from 'undici';

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Query {
  readonly document: string;
  readonly variables?: object;
  /** The bearer, which for the emulator is the principal. */
  readonly as: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Keeps up to `connections` connections to one gateway. */
export interface LoadClient {
  query(query: Query): Promise<Reply>;
  send(path: string, options: Omit<Dispatcher.RequestOptions, 'path' | 'origin'>): Promise<Reply>;
  close(): Promise<void>;
}

export function createLoadClient(url: string, connections: number): LoadClient {
  const patience = { headersTimeout: 120_000, connect: { timeout: 120_000 } };
  const pool = new Pool(new URL(url).origin, { connections, ...patience });
  const send: LoadClient['send'] = async (path, options) => {
    const { statusCode, headers, body } = await pool.request({ path, ...options });
    return { status: statusCode, headers, text: await body.text() };
  };
  return {
    send,
    query: ({ document, variables, as, headers }) =>
      send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${as}`, ...headers },
        body: JSON.stringify({ query: document, variables }),
      }),
    close: () => pool.destroy(),
  };
}

export interface Load {
  /** How many are under way at once. */
  readonly concurrency: number;
  /** Whether to send one more; `index` counts from 0. */
  readonly until: (index: number) => boolean;
  /** Sends one, and checks what comes. What it throws counts as lost. */
  readonly send: (index: number) => Promise<Reply>;
}

export interface LoadReport {
  readonly total: number;
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests without an answer. */
  readonly lost: readonly unknown[];
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Keeps `concurrency` requests under way until `until` says that it is enough. Never rejects. */
export async function runLoad({ concurrency, until, send }: Load): Promise<LoadReport> {
  const statuses: Record<number, number> = {};
  const lost: unknown[] = [];
  const times: number[] = [];
  const startedAt = performance.now();
  let next = 0;
  const work = async () => {
    while (!until(next)) {
      const sentAt = performance.now();
      try {
        const { status } = await send(next++);
        statuses[status] = (statuses[status] ?? 0) + 1;
      } catch (error) {
        lost.push(error);
      }
      times.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.ceil(share * times.length) - 1] ?? 0);
  return {
    total: next,
    statuses,
    lost,
    seconds: (performance.now() - startedAt) / 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
  };
}

/** `total` requests, all of them at once. */
export function runBurst(total: number, send: Load['send']): Promise<LoadReport> {
  return runLoad({ concurrency: total, until: (index) => index >= total, send });
}

/** A figure for docs/security.md, which jest would hide among its own lines otherwise. */
export function tellFigure(figure: string): void {
  process.stdout.write(`figure: ${figure}\n`);
}
