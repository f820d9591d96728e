import { Writable } from 'node:stream';
import { beforeEach } from '@jest/globals';
import { pino } from 'pino';
import { readConfig } from '../../src/config/config.ts';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { startServer } from '../../src/server.ts';
import { readBuild } from '../../src/telemetry/build.ts';
import { share } from './share.ts';

/** The response to a GraphQL request. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  readonly data: any;
  readonly errors:
    | { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[]
    | undefined;
  readonly text: string;
}

export interface Gateway {
  readonly url: string;
  readonly origin: string;
  /** With `ADMIN_PORT`. */
  readonly adminOrigin: string | undefined;
  /** The text of `/metrics`; needs `ADMIN_PORT`. */
  metrics(): Promise<string>;
  readonly emulator: Emulator;
  /** Every log line so far, as text. */
  readonly log: () => string;
  /** The log lines so far that contain all these texts, as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  linesWith(...texts: string[]): any[];
  query(document: string, variables?: object, headers?: Record<string, string>): Promise<Answer>;
  /** The requests that the IAM API received since the last `forgetCalls`, as lines such as `GET /v1/tokens`. */
  calls(): string[];
  forgetCalls(): void;
  close(): Promise<void>;
}

interface GatewayOptions {
  readonly env?: Record<string, string>;
  readonly emulator?: Parameters<typeof startEmulator>[0];
  /** Uses this gateway's emulator instead of one of its own. */
  readonly emulatorOf?: Gateway;
  /** Another API than the emulator. */
  readonly apiGatewayUrl?: string;
  readonly readFile?: ((path: string) => string) | undefined;
  /** Of every request that says nothing else. */
  readonly authorization?: string;
}

/** For requests to end by themselves, however busy the machine is. Tests of a time limit state it. */
export const TIME_ENOUGH = {
  REQUEST_DEADLINE_MS: '60000',
  UPSTREAM_CONNECT_TIMEOUT_MS: '50000',
  UPSTREAM_READ_TIMEOUT_MS: '50000',
  UPSTREAM_WRITE_TIMEOUT_MS: '50000',
} as const;

/** A gateway for the tests of this file, each of which begins without calls and without faults. */
export function shareGateway(options?: GatewayOptions): Gateway {
  const gateway = share(() => startGateway(options));
  beforeEach(() => {
    gateway.forgetCalls();
    gateway.emulator.faults.clear();
  });
  return gateway;
}

/** A real gateway over a real emulator, both on free ports. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { env = {}, authorization = 'Bearer demo', readFile = () => '' } = options;
  const emulator =
    options.emulatorOf?.emulator ?? (await startEmulator({ maxCalls: 50_000, ...options.emulator }));
  const config = readConfig(
    // No rate limit: tests are quicker than people.
    {
      PORT: '0',
      API_GATEWAY_URL: options.apiGatewayUrl ?? emulator.url,
      LOG_LEVEL: 'debug',
      RATE_LIMIT_PER_SECOND: '0',
      ...TIME_ENOUGH,
      ...env,
    },
    readFile,
  );
  const lines: string[] = [];
  const log = pino(
    { level: config.logLevel },
    new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    }),
  );
  const server = await startServer(
    {
      ...config,
      iam: {
        apiGatewayUrl: config.upstream.apiGatewayUrl ?? emulator.url,
        tokenEndpoint: emulator.tokenEndpoint,
      },
      build: readBuild(),
      sampleAuthorization: 'Bearer demo',
    },
    log,
  );
  return {
    url: server.url,
    origin: new URL(server.url).origin,
    adminOrigin: server.adminUrl,
    metrics: async () => (await fetch(`${server.adminUrl}/metrics`)).text(),
    emulator,
    log: () => lines.join(''),
    linesWith: (...texts) =>
      lines.filter((line) => texts.every((text) => line.includes(text))).map((line) => JSON.parse(line)),
    query: (document, variables, headers = {}) =>
      post(
        server.url,
        { query: document, variables },
        authorization ? { authorization, ...headers } : headers,
      ),
    calls: () =>
      emulator.calls.map(
        ({ method, path, query }) => `${method} ${path.replace('/iam', '')}${query ? `?${query}` : ''}`,
      ),
    forgetCalls: () => emulator.resetCalls(),
    async close() {
      await server.close();
      if (!options.emulatorOf) await emulator.close();
    },
  };
}

export async function post(url: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const { data, errors } = text.startsWith('{') ? JSON.parse(text) : { data: undefined, errors: undefined };
  return { status: response.status, headers: response.headers, data, errors, text };
}
