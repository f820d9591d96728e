import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopbackAuthority } from '../config/urls.ts';
import { createApp } from './app.ts';
import { createCredentials } from './credentials.ts';
import { checkWritable, lockFile, readDataFile, writeDataFile } from './data-file.ts';
import { createFaultPlan, type FaultPlan } from './fault-plan.ts';
import { addProject } from './projects.ts';
import { readSeed } from './read-seed.ts';
import { EmulatorError, edgeError, sendReply } from './reply.ts';
import type { Call } from './request.ts';
import { TOKEN_ENDPOINT_PATH } from './routes.ts';
import type { Seed, SeedProject } from './seed.ts';
import { createStore, type Store } from './store.ts';

export interface EmulatorOptions {
  readonly port?: number;
  readonly host?: string | undefined;
  /** Keeps the state over restarts. If it exists, `seed` is ignored. */
  readonly dataFile?: string | undefined;
  /** `demo` (the default), `empty`, `large`, the path of a JSON file, or the data themselves. */
  readonly seed?: string | Seed | undefined;
  readonly clock?: () => number;
  /** Called with a sentence when the data file cannot be written. By default it goes to stderr. */
  readonly onProblem?: (problem: string) => void;
  /** Minimum number of calls that are remembered: 1000 by default. */
  readonly maxCalls?: number;
}

export type Emulator = Awaited<ReturnType<typeof startEmulator>>;

const MISDIRECTED =
  'The emulator serves only clients on its own machine. Use the host name localhost or 127.0.0.1.';

/** A stateful stand-in for IAM, its token endpoint and its STS, listening when this resolves. */
export async function startEmulator(options: EmulatorOptions = {}) {
  const { port = 0, host = '127.0.0.1', maxCalls = 1000, clock } = options;
  const { store, release } = await openStore(options);
  const now = clock ?? Date.now;
  const credentials = await createCredentials(store, now);
  const faults = createFaultPlan();
  const calls: Call[] = [];
  const app = createApp({ store, now, credentials, faults, calls, maxCalls, usedAssertions: new Map() });

  const ownName = host.includes(':') ? `[${host}]` : host;
  const isLoopbackOnly = isLoopbackAuthority(ownName);
  const server = createServer((request, response) => {
    // Clients compare their clock with this header.
    if (clock) response.setHeader('date', new Date(clock()).toUTCString());
    // Any web page can point its own host name at this machine and then read and write the emulator's tokens (DNS
    // rebinding). Only the host name distinguishes its requests from those of local programs.
    const { host: authority = ownName } = request.headers;
    if (isLoopbackOnly && !isLoopbackAuthority(authority)) sendReply(response, edgeError(421, MISDIRECTED));
    else void app(request, response);
  });
  await listen(server, port, host).catch((error) => {
    release();
    throw error;
  });

  const url = `http://${ownName}:${(server.address() as AddressInfo).port}`;
  return {
    /** `http://127.0.0.1:4010`; the base of the REST API is this and `/iam`. */
    url,
    tokenEndpoint: url + TOKEN_ENDPOINT_PATH,
    /** The received requests in order, except those to control endpoints. */
    calls: calls as readonly Call[],
    resetCalls(): void {
      calls.length = 0;
    },
    faults: faults as Pick<FaultPlan, 'add' | 'clear'>,
    /** Makes a token a member of a project: IAM itself has no way to do that for its first project. */
    addProject: (tokenId: string, project?: SeedProject) => addProject(store, tokenId, project),
    tokensOf: (principal: string) => store.listOf(principal).map(({ token }) => token),
    /** Cuts every connection, also those that a fault keeps waiting. */
    async close(): Promise<void> {
      server.close().closeAllConnections();
      await once(server, 'close');
      release();
    },
  };
}

/** Rejects with an EmulatorError when the address cannot be used. */
async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    await once(server.listen(port, host), 'listening');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const message =
      code === 'EADDRINUSE'
        ? `Port ${port} is in use. Set EMULATOR_PORT, or stop what uses it.`
        : `Expected EMULATOR_HOST and EMULATOR_PORT to be an address of this machine, got ${host}:${port} (${code}).`;
    throw new EmulatorError(message, { cause });
  }
}

/** Rejects with an EmulatorError for a data file or a seed with which no emulator could start. Changes nothing. */
export async function checkStore({ dataFile, seed }: EmulatorOptions): Promise<void> {
  if (dataFile !== undefined) await checkWritable(dataFile);
  if (dataFile === undefined || !readDataFile(dataFile)) readSeed(seed);
}

/** `release` leaves the data file to another emulator. */
async function openStore({
  dataFile,
  seed,
  onProblem = (problem) => process.stderr.write(`${problem}\n`),
}: EmulatorOptions): Promise<{ store: Store; release: () => void }> {
  if (dataFile === undefined)
    return { store: createStore(readSeed(seed), async () => {}), release: () => {} };
  const release = await lockFile(dataFile);
  try {
    const saved = readDataFile(dataFile);
    const initial = saved ?? readSeed(seed);
    // Reports a file that cannot be written at the start instead of with the first create.
    if (!saved) await writeDataFile(dataFile, initial);
    const store = createStore(initial, (state) =>
      writeDataFile(dataFile, state).catch((error: EmulatorError) => {
        onProblem(`${error.message} The write was rejected.`);
        throw error;
      }),
    );
    return { store, release };
  } catch (error) {
    release();
    throw error;
  }
}
