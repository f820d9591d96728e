import type { KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach } from '@jest/globals';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import type { AuthDependencies, AuthLog, CallerCheck } from '../../../src/auth/authenticator.ts';
import { createJwks } from '../../../src/auth/callers/jwks.ts';
import { createJwtCallerCheck } from '../../../src/auth/callers/jwt.ts';
import { createPatCredential } from '../../../src/auth/pat/credential.ts';
import type { PatOptions } from '../../../src/auth/pat/sign-in.ts';
import { createSecret } from '../../../src/config/variable-types.ts';
import { readSigningKey, type SigningKey } from '../../../src/keys/signing-key.ts';
import { CancellationSource } from '../../../src/upstream/cancellation.ts';
import { createLookup } from '../../../src/upstream/connect.ts';
import { createGotTransport } from '../../../src/upstream/got-transport.ts';
import { generatePair, toPem } from '../../support/keys.ts';
import { share } from '../../support/share.ts';
import { listen } from '../../support/tcp-servers.ts';

export const TOKEN_PATH = '/oauth2/token';
export const STS_PATH = '/iam/v1/sts/create-project-scoped-token';
export const JWKS_PATH = '/keys';

export interface Call {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

/** A token endpoint, an STS and a key set over real HTTP. It counts what it gives out: `user-1`, `project-1`, … */
async function startIssuer() {
  const calls: Call[] = [];
  const overrides = new Map<string, Answer>();
  const lifetimes = { user: 3600, project: 3600 };
  const issued = { user: 0, project: 0 };

  function answer(path: string): Answer {
    const override = overrides.get(path);
    if (override !== undefined) return override;
    if (path === TOKEN_PATH) {
      issued.user += 1;
      const token = { access_token: `user-${issued.user}`, expires_in: lifetimes.user, token_type: 'bearer' };
      return { body: { ...token, scope: 'openid' } };
    }
    issued.project += 1;
    return {
      body: { accessToken: `project-${issued.project}`, expiresIn: lifetimes.project, scope: 'openid' },
    };
  }

  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const path = request.url ?? '';
    calls.push({ path, method: request.method ?? '', headers: request.headers, body });
    const { status = 200, headers = {}, body: answerBody } = answer(path);
    // The tests have a clock of their own.
    response.sendDate = false;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof answerBody === 'string' ? answerBody : JSON.stringify(answerBody));
  });
  const origin = `http://127.0.0.1:${await listen(server)}`;

  return {
    origin,
    calls,
    lifetimes,
    paths: () => calls.map(({ path }) => path),
    callsTo: (path: string) => calls.filter((call) => call.path === path),
    assertions: () =>
      calls
        .filter(({ path }) => path === TOKEN_PATH)
        .map(({ body }) => new URLSearchParams(body).get('client_assertion')),
    answerWith: (path: string, override: Answer) => overrides.set(path, override),
    answerAsUsual() {
      overrides.clear();
      Object.assign(lifetimes, { user: 3600, project: 3600 });
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Issuer = Awaited<ReturnType<typeof startIssuer>>;

/** An issuer for the tests of this file, each of which begins without calls and with the usual responses. */
export function shareIssuer(): Issuer {
  const issuer = share(startIssuer);
  beforeEach(() => {
    issuer.calls.length = 0;
    issuer.answerAsUsual();
  });
  return issuer;
}

/** The one that the gateway signs in with. */
export const transport = createGotTransport({ connectTimeoutMs: 2000, lookup: createLookup() });

export function createTestClock(startMs = Date.UTC(2026, 0, 1)) {
  let nowMs = startMs;
  return {
    clock: () => nowMs,
    advanceSeconds(seconds: number) {
      nowMs += seconds * 1000;
    },
    reset() {
      nowMs = startMs;
    },
  };
}

export function createTestLog() {
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  const write = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, fields, message });
  };
  const log: AuthLog = { info: write('info'), warn: write('warn') };
  return { log, lines };
}

export function createEcKey(namedCurve = 'P-256'): {
  privateKey: KeyObject;
  publicKey: KeyObject;
  pem: string;
} {
  const { privateKey, publicKey } = generatePair('ec', { namedCurve });
  return { privateKey, publicKey, pem: toPem(privateKey) };
}

export function toPatOptions(
  issuer: { origin: string },
  pem: string,
  more: Partial<PatOptions> = {},
): PatOptions {
  return {
    tokenEndpoint: `${issuer.origin}${TOKEN_PATH}`,
    apiGatewayUrl: issuer.origin,
    projectId: 'project-id',
    tokenId: 'token-id',
    keyId: 'key-id',
    signingKey: createSecret(readSigningKey(pem, 'PRIVATE_KEY') as SigningKey),
    credential: 'project',
    ...more,
  };
}

/** A credential with a clock and a log of the test's own, which `close` ends. */
export function createTestCredential(
  options: PatOptions,
  { clock, log }: Pick<AuthDependencies, 'clock' | 'log'>,
) {
  const closing = new CancellationSource();
  const credential = createPatCredential(
    options,
    { transport, clock, steadyClock: clock, log, closing },
    () => 0,
  );
  return Object.assign(credential, { close: () => closing.cancel('aborted') });
}

function shareClockAndLog() {
  const time = createTestClock();
  const logged = createTestLog();
  beforeEach(() => {
    time.reset();
    logged.lines.length = 0;
  });
  return { time, logged };
}

/** A credential for each test of this file. `create` makes others; all of them end with the test. */
export function sharePatCredential(issuer: Issuer) {
  const { pem } = createEcKey();
  const { time, logged } = shareClockAndLog();
  const made: ReturnType<typeof createTestCredential>[] = [];
  const create = (more: Partial<PatOptions> = {}) => {
    const options = toPatOptions(issuer, pem, more);
    const credential = createTestCredential(options, { clock: time.clock, log: logged.log });
    made.push(credential);
    return credential;
  };
  const credential = {} as ReturnType<typeof create>;
  beforeEach(() => void Object.assign(credential, create()));
  afterEach(() => {
    for (const { close } of made.splice(0)) close();
  });
  const ask = (times: number) => Promise.all(Array.from({ length: times }, () => credential.authorization()));
  return { pem, time, logged, create, credential, ask };
}

const ISSUER = 'https://login.example/';
export const AUDIENCE = 'tokens-gateway';

/** For each test of this file, a check of the JWTs of an identity provider, which has published the key `key-1`. */
export function shareJwtCheck(issuer: Issuer, send = transport) {
  const key = createEcKey();
  const { time, logged } = shareClockAndLog();
  const { clock } = time;
  let checkOf: (name: string) => CallerCheck;
  const publish = async (keys: Record<string, KeyObject>) => {
    const jwks = Object.entries(keys).map(async ([kid, each]) => ({ ...(await exportJWK(each)), kid }));
    issuer.answerWith(JWKS_PATH, { body: { keys: await Promise.all(jwks) } });
  };
  beforeEach(async () => {
    await publish({ 'key-1': key.publicKey });
    const closing = new CancellationSource();
    const parts = { transport: send, clock, steadyClock: clock, log: logged.log, closing };
    const jwks = createJwks(`${issuer.origin}${JWKS_PATH}`, parts);
    checkOf = (name) => createJwtCallerCheck({ issuer: name, audience: AUDIENCE }, jwks, clock);
  });
  return {
    key,
    time,
    logged,
    publish,
    check: (...[authorization]: Parameters<CallerCheck>) => checkOf(ISSUER)(authorization),
    checkOf: (name: string) => checkOf(name),
    /** A claim given as undefined is left out. */
    claims(more: Record<string, unknown> = {}): JWTPayload {
      const now = Math.floor(clock() / 1000);
      return {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: 'alice',
        exp: now + 300,
        scope: 'openid tokens:read',
        ...more,
      };
    },
    sign: (payload: JWTPayload, { key: signing = key.privateKey, kid = 'key-1' } = {}) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid }).sign(signing),
  };
}

/** Resolves to what `action` throws or rejects with. */
export async function failureOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('Expected a failure');
}
