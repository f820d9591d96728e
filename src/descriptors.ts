import { type Config, ConfigError } from './config/config.ts';
import { MAX_ADMIN_CONNECTIONS } from './http/connections.ts';

/** Descriptors of Node.js itself, stdout, the listeners, files that are being read, and DNS look-ups. */
const PROCESS = 64;
/** Descriptors of connections for signing in, key sets, Redis and traces. */
const SERVICES = 32;
/** Factor that allows for connections to IAM which are being closed while others are in use. */
const CLOSING = 1.25;
/** Descriptors of the channel to a worker and of connections that are passed to it. */
const PER_WORKER = 4;
/** The gateway does not start with fewer client connections. */
const MIN_CLIENTS = 32;
/** Node.js opens the files of the program all at once when it loads them. */
const MIN_LIMIT = 256;

type Limited = Pick<Config, 'upstream' | 'emulator' | 'admin' | 'workers'>;
type Part = readonly [string, number];

/**
 * How many client connections this process may have, so that descriptors are left for everything else. Throws a
 * `ConfigError` when the limit of open files is too low for the configuration. Undefined: there is no limit.
 */
export function planConnections(config: Limited, isWorker: boolean): number | undefined {
  const limit = readDescriptorLimit();
  if (limit === undefined) return undefined;
  const isPrimary = config.workers > 1 && !isWorker;
  const parts = partsOf(config, isWorker, isPrimary);
  const left = limit - sum(parts);
  if (limit < MIN_LIMIT || left < (isPrimary ? 0 : MIN_CLIENTS))
    throw new ConfigError([describe(limit, parts, isPrimary)]);
  return left;
}

function partsOf({ upstream, admin, emulator, workers }: Limited, isWorker: boolean, isPrimary: boolean) {
  const calls = Math.ceil(upstream.concurrency * CLOSING);
  const parts: Part[] = isPrimary
    ? [['the process', PROCESS + PER_WORKER * workers]]
    : [
        ['the process', PROCESS + SERVICES],
        ['UPSTREAM_CONCURRENCY', calls],
      ];
  if (admin && !isWorker) parts.push(['the admin listener', MAX_ADMIN_CONNECTIONS]);
  if (emulator && !isWorker) parts.push(['the emulator', calls * workers]);
  return parts;
}

function describe(limit: number, parts: readonly Part[], isPrimary: boolean): string {
  const all: readonly Part[] = isPrimary ? parts : [...parts, ['clients', MIN_CLIENTS]];
  const needed = Math.max(MIN_LIMIT, sum(all));
  const list = all.map(([name, count]) => `${count} for ${name}`).join(', ');
  return `The limit of open files is ${limit} (ulimit -n), and this configuration needs at least ${needed}: ${list}. Raise the limit, or lower UPSTREAM_CONCURRENCY.`;
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, [, count]) => total + count, 0);
}

/** Soft limit of open files. Node.js raises it to the hard limit when it starts. Undefined: unlimited or unknown. */
function readDescriptorLimit(): number | undefined {
  // The report would otherwise look up the host names of all connections.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const limit = Number(report.userLimits?.open_files?.soft);
  return Number.isInteger(limit) && limit > 0 ? limit : undefined;
}
