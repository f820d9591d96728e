import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  ENCRYPTED_PEM,
  files,
  KEY,
  PASSPHRASE,
  PAT,
  PEM,
  problemsOf,
  read,
  URL_ONLY,
} from '../../support/config.ts';

describe('With nothing but the URL of the API', () => {
  it('every other value is safe on a laptop', () => {
    const { admin, auth, cors, emulator, explorer, introspection, listen, workers } = read(URL_ONLY);
    expect({ admin, auth, cors, emulator, explorer, introspection, listen, workers }).toEqual({
      admin: undefined,
      auth: { mode: 'pass-through' },
      cors: { headers: [], origins: ['https://studio.apollographql.com'] },
      emulator: undefined,
      explorer: 'sandbox',
      introspection: true,
      listen: { host: '127.0.0.1', port: 4000 },
      workers: 1,
    });
  });

  it('nobody can change the configuration afterwards', () => {
    const { limits, cors } = read(URL_ONLY);
    expect(() => Object.assign(limits, { maxDepth: 99 })).toThrow(TypeError);
    expect(() => Object.assign(cors.origins, ['https://evil.example'])).toThrow(TypeError);
  });
});

describe('A value is read as it is written', () => {
  it.each([
    ['https://api.example.com/', 'https://api.example.com'],
    ['https://api.example.com/iam', 'https://api.example.com'],
    ['https://api.example.com/iam/', 'https://api.example.com'],
    ['https://api.example.com/iam/v1', 'https://api.example.com'],
    ['https://api.example.com/iam/v1/tokens/', 'https://api.example.com'],
    ['https://proxy.example.com/affinidi/iam', 'https://proxy.example.com/affinidi'],
    [' https://api.example.com ', 'https://api.example.com'],
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
    ['http://[::1]:9000', 'http://[::1]:9000'],
    ['http://localhost:9000', 'http://localhost:9000'],
    ['https://api.example.com:443', 'https://api.example.com'],
    ['HTTPS://API.Example.COM/IAM-proxy', 'https://api.example.com/IAM-proxy'],
    ['http://127.1:9000', 'http://127.0.0.1:9000'],
    ['http://0x7f000001:9000', 'http://127.0.0.1:9000'],
    ['http://[0:0:0:0:0:0:0:1]:9000', 'http://[::1]:9000'],
    ['http://127.0.0.1:09000/', 'http://127.0.0.1:9000'],
    ['http://localhost:80/iam', 'http://localhost'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://api.example.com/a/../b/./iam//', 'https://api.example.com/b'],
  ])('API_GATEWAY_URL %s is %s', (given, expected) => {
    expect(read({ API_GATEWAY_URL: given }).upstream.apiGatewayUrl).toBe(expected);
  });

  it('however many URLs were parsed before', () => {
    for (let times = 0; times < 100_000; times++) URL.canParse('https://api.example.com');
    expect(read({ API_GATEWAY_URL: 'https://bücher.example' }).upstream.apiGatewayUrl).toBe(
      'https://xn--bcher-kva.example',
    );
  });

  it('0 is a value, and an empty value is none', () => {
    const config = read({
      ...URL_ONLY,
      PORT: '0',
      ADMIN_PORT: '0',
      UPSTREAM_RETRIES: '0',
      MAX_DEPTH: '',
      HOST: ' ',
    });
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 0 });
    expect(config.admin).toEqual({ host: '127.0.0.1', port: 0 });
    expect(config.upstream.retries).toBe(0);
    expect(config.limits.maxDepth).toBe(12);
  });

  it('a burst of 0 is as many as the rate', () => {
    expect(read({ ...URL_ONLY, RATE_LIMIT_PER_SECOND: '7', RATE_LIMIT_BURST: '0' }).limits).toMatchObject({
      rateLimitPerSecond: 7,
      rateLimitBurst: 7,
    });
  });

  it.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ])('APQ=%s is %s', (given, expected) => {
    expect(read({ ...URL_ONLY, APQ: given }).apq).toBe(expected);
  });

  it.each([
    ['127.0.0.1', '::1'],
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.1', '10.0.0.1'],
    ['fe80::1%eth0', 'fe80::1%eth1'],
    ['web.1', 'web.2'],
  ])('a port of %s may be used on %s too', (HOST, ADMIN_HOST) => {
    expect(problemsOf({ ...URL_ONLY, HOST, ADMIN_HOST, ADMIN_PORT: '4000' })).toEqual([]);
  });

  it('EMULATOR=true takes the place of the URL', () => {
    const config = read({ EMULATOR: 'true', EMULATOR_PORT: '4001', EMULATOR_DATA_FILE: '/data/iam.json' });
    expect(config.upstream.apiGatewayUrl).toBeUndefined();
    expect(config.emulator).toEqual({
      host: '127.0.0.1',
      port: 4001,
      dataFile: '/data/iam.json',
      seed: 'demo',
    });
  });
});

describe('The explorer is on where only this machine can reach it', () => {
  it.each([
    ['127.0.0.1', 'sandbox', true],
    ['127.8.8.8', 'sandbox', true],
    ['localhost', 'sandbox', true],
    ['::1', 'sandbox', true],
    ['0.0.0.0', 'off', false],
    ['::', 'off', false],
    ['10.0.0.7', 'off', false],
    ['127.example.com', 'off', false],
  ])('HOST=%s: explorer %s, introspection %s', (HOST, explorer, introspection) => {
    expect(read({ ...URL_ONLY, HOST })).toMatchObject({ explorer, introspection });
  });

  it('introspection can be on without it, and off with it', () => {
    expect(read({ ...URL_ONLY, EXPLORER: 'off', INTROSPECTION: 'true' }).introspection).toBe(true);
    expect(read({ ...URL_ONLY, EXPLORER: 'sandbox', INTROSPECTION: 'false' }).introspection).toBe(false);
  });

  it("Apollo Studio's origin is allowed only while it is on", () => {
    const CORS_ORIGINS = 'https://app.example.com, http://localhost:3000';
    expect(read({ ...URL_ONLY, CORS_ORIGINS }).cors.origins).toEqual([
      'https://app.example.com',
      'http://localhost:3000',
      'https://studio.apollographql.com',
    ]);
    expect(read({ ...URL_ONLY, CORS_ORIGINS, EXPLORER: 'off' }).cors.origins).toEqual([
      'https://app.example.com',
      'http://localhost:3000',
    ]);
  });
});

describe('A personal access token', () => {
  it('is read with its defaults', () => {
    const { auth } = read(PAT);
    expect(auth).toMatchObject({
      mode: 'pat',
      tokenEndpoint: 'https://auth.example.com/oauth2/token',
      projectId: 'project-id',
      tokenId: 'pat-id',
      keyId: 'pat-id',
      credential: 'project',
      callerAuth: { kind: 'none' },
    });
    expect(auth.mode === 'pat' && KEY.equals(auth.signingKey.reveal().key)).toBe(true);
  });

  it.each([
    ['escaped newlines', { PRIVATE_KEY: PEM.replaceAll('\n', '\\n') }],
    ['Windows newlines', { PRIVATE_KEY: PEM.replaceAll('\n', '\r\n') }],
    ['a file', { PRIVATE_KEY: '', PRIVATE_KEY_FILE: '/keys/pat.pem' }],
  ])('may have its key in %s', (_, env) => {
    const { auth } = read({ ...PAT, ...env });
    expect(auth.mode === 'pat' && KEY.equals(auth.signingKey.reveal().key)).toBe(true);
  });

  it('may have an encrypted key, whose passphrase is taken letter for letter', () => {
    const env = { ...PAT, PRIVATE_KEY: ENCRYPTED_PEM, PASSPHRASE };
    expect(problemsOf(env)).toEqual([]);
    expect(problemsOf({ ...env, PASSPHRASE: PASSPHRASE.trim() })).toEqual([
      expect.stringContaining('Expected PASSPHRASE to open the private key'),
    ]);
  });

  it('needs no token endpoint over the emulator, and no project for the user credential', () => {
    const { API_GATEWAY_URL, TOKEN_ENDPOINT, PROJECT_ID, ...rest } = PAT;
    const { auth } = read({ ...rest, EMULATOR: 'true', PAT_CREDENTIAL: 'user', KEY_ID: 'key-1' });
    expect(auth).toMatchObject({
      tokenEndpoint: undefined,
      credential: 'user',
      projectId: '',
      keyId: 'key-1',
    });
  });

  it("may stand in a vendor's .env that is used in pass-through mode", () => {
    const env = { ...PAT, AUTH_MODE: undefined, PRIVATE_KEY: 'whatever', PASSPHRASE: '', KEY_ID: '' };
    expect(read(env).auth).toEqual({ mode: 'pass-through' });
  });

  it.each(['', '?p=policy'])('lets callers in by the JWTs of an issuer (%j)', (query) => {
    const { auth } = read({
      ...PAT,
      HOST: '0.0.0.0',
      CALLER_AUTH: 'jwt',
      CALLER_JWKS_URL: `https://id.example.com/jwks.json${query}`,
      CALLER_JWT_ISSUER: 'https://id.example.com/',
      CALLER_JWT_AUDIENCE: 'tokens-gateway',
    });
    const shown = `https://id.example.com/jwks.json${query && '?…'}`;
    expect(JSON.parse(JSON.stringify(auth))).toMatchObject({
      callerAuth: {
        kind: 'jwt',
        jwksUrl: shown,
        issuer: 'https://id.example.com/',
        audience: 'tokens-gateway',
      },
    });
  });

  it('lets callers in by API keys, whose file is read at once', () => {
    const env = { ...PAT, HOST: '0.0.0.0', CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: '/keys/callers' };
    expect(read(env).auth).toMatchObject({
      callerAuth: { kind: 'api-key', file: '/keys/callers', text: files['/keys/callers'] },
    });
  });
});

describe('Secrets', () => {
  it('are in no printed form of the configuration', () => {
    const { auth } = read({ ...PAT, PRIVATE_KEY: ENCRYPTED_PEM, PASSPHRASE });
    for (const printed of [
      JSON.stringify(auth),
      inspect(auth, { depth: 9, showHidden: true }),
      String(auth),
    ]) {
      expect(printed).not.toMatch(/CANARY|BEGIN|KeyObject/);
    }
    expect(JSON.stringify(auth)).toContain('"signingKey":"[secret]"');
  });

  it.each<Record<string, string>>([
    { ...PAT, PRIVATE_KEY: `${PEM.slice(0, 40)}CANARY`, PASSPHRASE: 'CANARY', API_GATEWAY_URL: 'CANARY@x' },
    { ...PAT, PRIVATE_KEY: '', PRIVATE_KEY_FILE: '/keys/not-a-key', PASSPHRASE: 'CANARY', PORT: 'x' },
    { ...PAT, PRIVATE_KEY: '', PRIVATE_KEY_FILE: '/keys/CANARY', REDIS_URL: 'redis://CANARY' },
    { ...PAT, TOKEN_ENDPOINT: 'https://u:CANARY?/#@h.example', CALLER_JWKS_URL: '//u:CANARY@h' },
  ])('are in no problem: %#', (env) => {
    expect(problemsOf(env)).not.toEqual([]);
    expect(problemsOf(env).join('\n')).not.toContain('CANARY');
  });
});
