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

/**
 * How many client connections this process may have while enough descriptors are left for everything else. Throws a
 * `ConfigError` when the limit of open files is too low for the configuration.
 */
export function planConnections(
  { upstream, admin, emulator, workers }: Pick<Config, 'upstream' | 'emulator' | 'admin' | 'workers'>,
  isWorker: boolean,
): number {
  const limit = readDescriptorLimit();
  const isPrimary = workers > 1 && !isWorker;
  // The workers inherit the limit.
  if (isPrimary) planConnections({ upstream, admin, emulator, workers }, true);
  const calls = Math.ceil(upstream.concurrency * CLOSING);
  const reserved =
    PROCESS +
    (isPrimary ? PER_WORKER * workers : SERVICES + calls) +
    (admin && !isWorker ? MAX_ADMIN_CONNECTIONS : 0) +
    (emulator && !isWorker ? calls * workers : 0);
  const needed = Math.max(MIN_LIMIT, reserved + (isPrimary ? 0 : MIN_CLIENTS));
  if (limit < needed)
    throw new ConfigError([
      `The limit of open files is ${limit} (ulimit -n), and this configuration needs at least ${needed}: raise the limit, or lower UPSTREAM_CONCURRENCY or WORKERS.`,
    ]);
  return limit - reserved;
}

/** Soft limit of open files. Node.js raises it to the hard limit when it starts. Infinite where it is unlimited or unknown. */
function readDescriptorLimit(): number {
  // Without this, the report would look up the host names of all connections.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const limit = Number(report.userLimits?.open_files?.soft);
  return Number.isInteger(limit) && limit > 0 ? limit : Number.POSITIVE_INFINITY;
}
