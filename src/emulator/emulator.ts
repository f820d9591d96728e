import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ProjectWithPolicyDto, TokenDto } from '../upstream/generated.ts';
import { createApp } from './app.ts';
import { createControl } from './control.ts';
import { createCredentials } from './credentials.ts';
import { hasHardLinks, readDataFile, removeLeftovers, resolveDataFile, writeDataFile } from './data-file.ts';
import { EmulatorError } from './errors.ts';
import { createFaultBook, type FaultPlan } from './fault-plan.ts';
import { lockFile } from './file-lock.ts';
import { isRebound } from './host-names.ts';
import { addProject, createProjectHandlers } from './projects.ts';
import { readSeed } from './read-seed.ts';
import { edgeError, sendReply } from './reply.ts';
import { type Call, createCallLog } from './request.ts';
import { TOKEN_ENDPOINT_PATH } from './routes.ts';
import type { Seed, SeedProject } from './seed.ts';
import { createSignInHandler } from './sign-in.ts';
import { createStore, type Store } from './store.ts';
import { createTokenHandlers } from './tokens.ts';

export interface EmulatorOptions {
  /** 0 takes any free one. */
  readonly port?: number;
  readonly host?: string;
  /** Keeps the state over restarts. If it exists, `seed` is ignored. */
  readonly dataFile?: string | undefined;
  /** `demo` (the default), `empty`, `large`, the path of a JSON file, or the data themselves. */
  readonly seed?: string | Seed;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  readonly tokenTtlSeconds?: number;
  readonly projectTokenTtlSeconds?: number;
  /** Where the faults `redirect-302` and `redirect-307` send their victims. */
  readonly redirectOrigin?: string;
  /** Called with a sentence when the data file cannot be written. By default it goes to stderr. */
  readonly onProblem?: (problem: string) => void;
  /** How many calls are remembered at least. */
  readonly maxCalls?: number;
}

export interface Emulator {
  /** `http://127.0.0.1:4010`; the base of the REST API is this and `/iam`. */
  readonly url: string;
  readonly tokenEndpoint: string;
  /** What was received, in order, except for the control endpoints. */
  readonly calls: readonly Call[];
  resetCalls(): void;
  readonly faults: FaultPlan;
  /** Makes a token a member of a project: the API itself has no way to do that for its first project. */
  addProject(tokenId: string, project?: SeedProject): Promise<ProjectWithPolicyDto>;
  tokensOf(principal: string): readonly TokenDto[];
  /** Cuts every connection, also those that a fault keeps waiting. */
  close(): Promise<void>;
}

const MISDIRECTED =
  'The emulator listens for its own machine only and serves no other host name: use localhost or 127.0.0.1.';

/** A stateful stand-in for the IAM API, its token endpoint and its STS, listening when this resolves. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const {
    port = 0,
    host = '127.0.0.1',
    maxCalls = 50_000,
    redirectOrigin = 'http://other-host.invalid',
    tokenTtlSeconds = 3600,
    projectTokenTtlSeconds = 3600,
    clock,
  } = options;
  const now = clock ?? Date.now;
  const { store, release } = await openStore(options);
  const faults = createFaultBook();
  const callLog = createCallLog(maxCalls);
  const credentials = await createCredentials({ store, now, tokenTtlSeconds, projectTokenTtlSeconds });
  const handlers = {
    ...createTokenHandlers(store),
    ...createProjectHandlers({ store, credentials, projectTokenTtlSeconds }),
    createAccessToken: createSignInHandler({ store, credentials, now, tokenTtlSeconds }),
  };
  const control = createControl(store, faults, callLog);
  const app = createApp({ handlers, credentials, faults, callLog, control, redirectOrigin });

  const server = createServer((request, response) => {
    // So that clients can compare their clock.
    if (clock) response.setHeader('date', new Date(clock()).toUTCString());
    if (isRebound(host, request.headers.host)) sendReply(response, edgeError(421, MISDIRECTED));
    else app(request, response);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A client that goes in the middle of an answer is no event here.
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const message =
        cause.code === 'EADDRINUSE'
          ? `Port ${port} is in use. Set EMULATOR_PORT, or stop what uses it.`
          : `Expected to listen on ${host}:${port}, got ${cause.code}.`;
      reject(new EmulatorError(message, { cause }));
    });
    server.listen(port, host, resolve);
  }).catch(async (error) => {
    await release();
    throw error;
  });

  const url = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    tokenEndpoint: url + TOKEN_ENDPOINT_PATH,
    calls: callLog.calls,
    resetCalls: callLog.reset,
    faults: { add: faults.add, clear: faults.clear },
    addProject: (tokenId, project) => addProject(store, tokenId, project),
    tokensOf: (principal) => store.listOf(principal).map(({ token }) => token),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await release();
    },
  };
}

interface OpenStore {
  readonly store: Store;
  /** Gives the data file free for another emulator. */
  release(): Promise<void>;
}

async function openStore(options: EmulatorOptions): Promise<OpenStore> {
  const { dataFile, seed = 'demo', onProblem = writeToStderr } = options;
  if (dataFile === undefined) {
    const store = createStore(await readSeed(seed), async () => {});
    return { store, release: async () => {} };
  }
  const file = await resolveDataFile(dataFile);
  const release = await lockFile(file);
  try {
    await removeLeftovers(file);
    if (await hasHardLinks(file))
      onProblem(`EMULATOR_DATA_FILE ${file} has other hard links: they keep their present content.`);
    const saved = readDataFile(file);
    const initial = saved ?? (await readSeed(seed));
    // Writing at once shows here and now that the file can be written, not with the first create.
    if (saved === undefined) await writeDataFile(file, initial);
    const store = createStore(initial, async (state) => {
      await writeDataFile(file, state).catch((error: EmulatorError) => {
        onProblem(`${error.message} The write was refused.`);
        throw error;
      });
    });
    return { store, release };
  } catch (error) {
    await release();
    throw error;
  }
}

function writeToStderr(problem: string): void {
  process.stderr.write(`${problem}\n`);
}
