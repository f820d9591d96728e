import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type GatewayProcess, startProcess } from './process.ts';

const PROBE = fileURLToPath(new URL('./memory-probe.mjs', import.meta.url));

/** What the process holds once all garbage is gone. */
export interface Holdings {
  readonly heapMb: number;
  /** Resident memory. */
  readonly rssMb: number;
  /** Open connections, of clients and to the upstream. */
  readonly sockets: number;
  /** Of events of the process itself. */
  readonly listeners: number;
  /** What keeps its event loop alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

/** The built gateway as a process of its own that can be looked into. */
export interface WatchedGateway extends GatewayProcess {
  readonly url: string;
  /** Resident memory as the kernel counts it, with whatever garbage is in it. */
  rssMb(): number;
  holdings(): Promise<Holdings>;
  /** Holdings as soon as `isCalm` says so of them; rejects after half a minute. */
  calm(isCalm: (holdings: Holdings) => boolean): Promise<Holdings>;
  /** As a deployment would: SIGTERM. Resolves to the exit code. */
  stop(): Promise<number | string>;
}

/** As a deployment would run it, but without a rate limit. */
export async function startWatchedGateway(env: Record<string, string>): Promise<WatchedGateway> {
  const gateway = startProcess(
    { PORT: '0', RATE_LIMIT_PER_SECOND: '0', ...env },
    { nodeArgs: ['--expose-gc', '--import', PROBE] },
  );
  const url = await gateway.listening();
  const { child, ended } = gateway;
  const holdings = async () => {
    const answered = once(child, 'message');
    child.send('what do you hold?');
    const [answer] = await answered;
    return answer as Holdings;
  };
  return {
    ...gateway,
    url,
    rssMb: () => readRssMb(child.pid ?? 0),
    holdings,
    async calm(isCalm) {
      const giveUpAt = performance.now() + 30_000;
      for (;;) {
        const now = await holdings();
        if (isCalm(now)) return now;
        if (performance.now() > giveUpAt) throw new Error(`not calm after 30 s: ${JSON.stringify(now)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function readRssMb(pid: number): number {
  if (process.platform !== 'linux')
    throw new Error('Memory of another process is read from /proc: Linux only');
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
