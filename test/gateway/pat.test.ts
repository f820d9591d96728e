import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Gateway, shareGateway } from '../support/gateway.ts';
import { createKeyPair } from '../support/keys.ts';
import { startPatGateway } from '../support/pat-gateway.ts';
import { listen } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const LIST = '{ tokens(first: 1) { nodes { id } } }';
const RENAME =
  'mutation ($id: ID!) { updateToken(input: { id: $id, name: "renamed" }) { token { name } userErrors { code } } }';
const SIGN_IN = ['POST /auth/oauth2/token', 'POST /v1/sts/create-project-scoped-token'];

const plain = shareGateway();

describe('Signing in by a personal access token', () => {
  it.each(['RS256', 'ES256', 'ES512'] as const)(
    'works with a key for %s, registered through createToken',
    async (alg) => {
      const gateway = await startPatGateway(plain, createKeyPair(alg, `kid-${alg}`));
      const { data, errors } = await gateway.query(LIST);
      expect(errors).toBeUndefined();
      expect(data.tokens.nodes).toHaveLength(1);
      expect(gateway.calls().slice(0, 2)).toEqual(SIGN_IN);
      await gateway.close();
    },
  );

  it('happens once for any number of waiting callers', async () => {
    const gateway = await startPatGateway(plain, createKeyPair('ES256'));
    const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.query(LIST)));
    expect(answers.filter(({ errors }) => errors)).toEqual([]);
    expect(gateway.calls().filter((call) => call.startsWith('POST'))).toEqual(SIGN_IN);
    await gateway.close();
  });

  it('sends the user token instead when it is configured to', async () => {
    const gateway = await startPatGateway(plain, createKeyPair('ES256'), { PAT_CREDENTIAL: 'user' });
    const { errors } = await gateway.query(LIST);
    expect(errors).toBeUndefined();
    expect(gateway.calls()[0]).toBe('POST /auth/oauth2/token');
    expect(gateway.calls()).not.toContain('POST /v1/sts/create-project-scoped-token');
    await gateway.close();
  });

  it('gives a token that no caller sees, also where the API quotes it in its errors', async () => {
    const seen: string[] = [];
    const api = createServer(({ headers: { authorization = 'none' } }, response) => {
      seen.push(authorization);
      // JSON can escape any character: some libraries escape `/` and `+`.
      const escaped = authorization.replace(/[a-z]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
      const details = [authorization, escaped].map(
        (text) => `{"issue":"rejected: ${text}","field":"${text}"}`,
      );
      response.writeHead(400).end(`{"name":"InvalidParameterError","details":[${details}]}`);
    });
    const gateway = await startPatGateway(plain, createKeyPair('ES256'), {
      API_GATEWAY_URL: `http://127.0.0.1:${await listen(api)}`,
      PAT_CREDENTIAL: 'user',
    });
    const { text, data } = await gateway.query(RENAME.replace('{ code }', '{ message field }'), { id: 'a' });
    expect(data.updateToken.userErrors).toEqual(
      Array(2).fill({ message: 'rejected: Bearer ', field: ['input', 'Bearer '] }),
    );
    expect(seen.at(-1)).toMatch(/^Bearer .{20}/);
    expect(text + gateway.log()).not.toContain(seen.at(-1)?.slice('Bearer '.length, 60));
    await gateway.close();
    api.close();
  });

  const ARI = 'ari:iam::0d6b8d8c-6c2a-4a51-8f0e-1c1a3f7b2f10:user/5b6c1c02-8f3b-4d0e-9a77-2f1e6d3c4b5a';
  it.each<[string, (token: string) => string]>([
    ['cut', (token) => token.slice(0, -3)],
    ['in base64', (token) => Buffer.from(token).toString('base64')],
    ['in hex', (token) => Buffer.from(token).toString('hex')],
    ['escaped', (token) => [...token].map((char) => `\\u00${char.charCodeAt(0).toString(16)}`).join('')],
    ['reversed', (token) => [...token].reverse().join('')],
  ])('gives a token that no caller sees where IAM quotes it %s', async (_title, change) => {
    let quoted = '';
    const api = createServer(({ headers: { authorization = '' } }, response) => {
      quoted = change(authorization.slice('Bearer '.length));
      const details = [{ issue: `${ARI} rejected: Bearer ${quoted} here`, field: quoted }];
      const body = { name: quoted, traceId: quoted.slice(0, 128), details };
      response.writeHead(400).end(JSON.stringify(body));
    });
    const gateway = await startPatGateway(plain, createKeyPair('ES256'), {
      API_GATEWAY_URL: `http://127.0.0.1:${await listen(api)}`,
      PAT_CREDENTIAL: 'user',
    });
    const query = RENAME.replace('{ code }', '{ message field traceId }');
    const { text, data } = await gateway.query(query, { id: 'a' });
    expect(text + gateway.log()).not.toContain(quoted.slice(0, 60));
    expect(quoted.length).toBeGreaterThan(100);
    expect(data.updateToken.userErrors).toEqual([
      { message: `${ARI} rejected: Bearer … here`, field: ['input', '…'], traceId: null },
    ]);
    await gateway.close();
    api.close();
  });

  it('happens again after IAM rejected the token, and the read is repeated once', async () => {
    const gateway = await startPatGateway(plain, createKeyPair('ES256'));
    await gateway.query(LIST);
    gateway.forgetCalls();
    gateway.emulator.faults.add({ fault: 'status-401', operation: 'listToken', times: 1 });
    const { errors } = await gateway.query(LIST);
    expect(errors).toBeUndefined();
    expect(gateway.calls()).toEqual(['GET /v1/tokens?limit=2', ...SIGN_IN, 'GET /v1/tokens?limit=2']);
    await gateway.close();
  });

  it('happens again after IAM rejected the token of a write, which is not repeated', async () => {
    const gateway = await startPatGateway(plain, createKeyPair('ES256'));
    await gateway.query(LIST);
    const id = plain.emulator.tokensOf('demo')[0]?.id;
    gateway.forgetCalls();
    gateway.emulator.faults.add({ fault: 'status-401', operation: 'updateToken', times: 1 });
    const rejected = await gateway.query(RENAME, { id });
    expect(rejected.errors?.[0]).toMatchObject({
      message: expect.stringMatching(/gateway's own credential.*repeat the request/),
      extensions: { code: 'UNAUTHENTICATED' },
    });
    expect((await gateway.query(LIST)).errors).toBeUndefined();
    expect(gateway.calls()).toEqual([`PATCH /v1/tokens/${id}`, ...SIGN_IN, 'GET /v1/tokens?limit=2']);
    await gateway.close();
  });

  it('does not help where IAM denies an action to the token, and callers learn who can help', async () => {
    const gateway = await startPatGateway(plain, createKeyPair('ES256'));
    gateway.emulator.faults.add({ fault: 'status-403', operation: 'listToken', times: 1 });
    const { errors } = await gateway.query(LIST);
    expect(errors?.[0]).toMatchObject({
      message: expect.stringMatching(
        /^The gateway's personal access token may not do this\. Ask the operator/,
      ),
      extensions: { code: 'FORBIDDEN' },
    });
    await gateway.close();
  });

  it('that is throttled is not repeated before `Retry-After`, and callers learn it', async () => {
    const gateway = await startPatGateway(plain, createKeyPair('ES256'));
    gateway.emulator.faults.add({ fault: '429-15', operation: 'createAccessToken', times: 1 });
    const asked = async () => (await gateway.query(LIST)).errors?.[0]?.extensions;
    expect(await asked()).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 15 });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await asked()).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 15 });
    expect(gateway.calls()).toEqual(SIGN_IN.slice(0, 1));
    await gateway.close();
  });

  it('that is rejected is not reported as the fault of the caller, and reveals no secret', async () => {
    const gateway = await startPatGateway(plain, createKeyPair('ES256'), {
      KEY_ID: 'another-kid',
      TOKEN_ID: 'unknown-token',
    });
    const { errors, text } = await gateway.query(LIST);
    expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_ERROR');
    expect(text).not.toContain('unknown-token');
    expect(gateway.log()).not.toContain('open sesame');
    await gateway.close();
  });
});

describe('With CALLER_AUTH=api-key', () => {
  const hash = (key: string) => createHash('sha256').update(key).digest('hex');
  const file = `reader:read:${hash('read-key')}\nwriter:write:${hash('write-key')}\n`;
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startPatGateway(
      plain,
      createKeyPair('ES256'),
      { CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: 'keys' },
      () => file,
    );
  });
  afterAll(() => gateway.close());

  it('a reader may read', async () => {
    expect((await gateway.query(LIST, {}, { authorization: 'Bearer read-key' })).errors).toBeUndefined();
  });

  it("a reader's mutation is FORBIDDEN, and IAM is not called", async () => {
    gateway.forgetCalls();
    const { status, errors } = await gateway.query(RENAME, { id: 'x' }, { authorization: 'Bearer read-key' });
    expect([status, errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN']);
    expect(gateway.calls()).toEqual([]);
  });

  it("a reader's mutation is FORBIDDEN also when a writer has just run it", async () => {
    const as = (key: string) => gateway.query(RENAME, { id: 'missing' }, { authorization: `Bearer ${key}` });
    expect((await as('write-key')).data.updateToken.userErrors).toEqual([{ code: 'NOT_FOUND' }]);
    gateway.forgetCalls();
    const { status, errors } = await as('read-key');
    expect([status, errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN']);
    expect(gateway.calls()).toEqual([]);
  });

  it("a reader's mutation within fragments is FORBIDDEN as well", async () => {
    gateway.forgetCalls();
    const { status, errors } = await gateway.query(
      'mutation { ...A } fragment A on Mutation { ... { ...B } } fragment B on Mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }',
      {},
      { authorization: 'Bearer read-key' },
    );
    expect([status, errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN']);
    expect(gateway.calls()).toEqual([]);
  });

  it('a writer may write', async () => {
    const id = plain.emulator.tokensOf('demo')[0]?.id;
    const { data } = await gateway.query(RENAME, { id }, { authorization: 'Bearer write-key' });
    expect(data.updateToken).toEqual({ token: { name: 'renamed' }, userErrors: [] });
  });

  it('a list that lacks the tokens of one caller is still read for the next caller', async () => {
    const readLists = async (key: string) => {
      gateway.forgetCalls();
      const variables = { ids: ['a', 'b', 'c', 'd'] };
      const authorization = `Bearer ${key}`;
      await gateway.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables, { authorization });
      return gateway.calls().filter((call) => call.startsWith('GET /v1/tokens?'));
    };
    expect(await readLists('read-key')).toHaveLength(1);
    expect(await readLists('read-key')).toHaveLength(0);
    expect(await readLists('write-key')).toHaveLength(1);
  });

  it.each(['Bearer nobody', ''])(
    'a caller with %j is UNAUTHENTICATED, and IAM gets no request',
    async (authorization) => {
      gateway.forgetCalls();
      const { errors } = await gateway.query(LIST, {}, authorization ? { authorization } : {});
      expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
      expect(gateway.calls()).toEqual([]);
    },
  );
});

describe('A file of API keys that changes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'api-keys-'));
  const file = join(folder, 'keys');
  const lineOf = (key: string, role = 'read') =>
    `${key}:${role}:${createHash('sha256').update(key).digest('hex')}`;
  let gateway: Gateway;
  beforeAll(async () => {
    writeFileSync(file, lineOf('first'));
    gateway = await startPatGateway(
      plain,
      createKeyPair('ES256'),
      { CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: file },
      (path) => readFileSync(path, 'utf8'),
    );
  });
  afterAll(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true });
  });

  const codeFor = async (key: string, document = LIST, variables = {}) => {
    const { errors } = await gateway.query(document, variables, { authorization: `Bearer ${key}` });
    return errors?.[0]?.extensions.code;
  };

  it('is read again without a restart: added keys work, and removed ones no longer do', async () => {
    expect([await codeFor('first'), await codeFor('second')]).toEqual([undefined, 'UNAUTHENTICATED']);
    // As a new file in its place, as editors and Kubernetes write it.
    writeFileSync(`${file}.new`, lineOf('second'));
    renameSync(`${file}.new`, file);
    await until(async () => (await codeFor('second')) === undefined);
    gateway.forgetCalls();
    expect(await codeFor('first')).toBe('UNAUTHENTICATED');
    expect(gateway.calls()).toEqual([]);
    expect(gateway.log()).toContain('"keys":1,"msg":"API keys were read again"');
  });

  it('may give a key another role', async () => {
    expect(await codeFor('second', RENAME, { id: 'x' })).toBe('FORBIDDEN');
    writeFileSync(file, lineOf('second', 'write'));
    await until(async () => (await codeFor('second', RENAME, { id: 'x' })) === undefined);
  });

  it.each([
    ['has a line that is wrong', () => writeFileSync(file, `${lineOf('third')}\nsecret-canary`), 'line 2: '],
    ['is empty', () => writeFileSync(file, '# none\n'), 'Expected at least one line'],
    ['is too large', () => writeFileSync(file, `${lineOf('third')}\n`.repeat(1000)), 'too large'],
    ['is gone', () => rmSync(file), 'cannot be read'],
  ])('leaves the keys as they were when it %s, and the log says why', async (_title, change, reason) => {
    const before = gateway.log().length;
    change();
    await until(() => gateway.log().slice(before).includes('the previous API keys stay in use'));
    const line = gateway
      .log()
      .slice(before)
      .split('\n')
      .find((each) => each.includes('previous API keys'));
    expect(line).toContain(reason);
    expect(line).not.toContain('canary');
    expect(line).toMatch(/"level":(40|"warn")/);
    expect([await codeFor('second'), await codeFor('third')]).toEqual([undefined, 'UNAUTHENTICATED']);
  });

  it('is reported once for a line that is wrong, also when it is written again', async () => {
    const before = gateway.log().length;
    writeFileSync(file, 'wrong');
    const reports = () =>
      gateway
        .log()
        .slice(before)
        .match(/line 1: /g) ?? [];
    await until(() => reports().length > 0);
    writeFileSync(file, 'wrong');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(reports()).toHaveLength(1);
  });

  it('is used again as soon as it is valid', async () => {
    writeFileSync(file, `${lineOf('second')}\n${lineOf('third')}`);
    await until(async () => (await codeFor('third')) === undefined);
    expect(await codeFor('second')).toBeUndefined();
  });
});

describe('With CALLER_AUTH=jwt', () => {
  /** Azure AD B2C has a key set for each policy. */
  const KEY_SET = '/keys?p=policy-canary';
  let gateway: Gateway;
  let issuer: Server;
  let sign: (scope: string, more?: { audience?: string; expires?: string }) => Promise<string>;

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
    issuer = createServer(({ url: path }, response) =>
      response.writeHead(path === KEY_SET ? 200 : 404).end(JSON.stringify(jwks)),
    );
    const url = `http://127.0.0.1:${await listen(issuer)}`;
    sign = (scope, { audience = 'tokens-gateway', expires = '5m' } = {}) =>
      new SignJWT({ scope })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer(url)
        .setAudience(audience)
        .setSubject('ann')
        .setIssuedAt()
        .setExpirationTime(expires)
        .sign(privateKey);
    gateway = await startPatGateway(plain, createKeyPair('ES256'), {
      CALLER_AUTH: 'jwt',
      CALLER_JWKS_URL: url + KEY_SET,
      CALLER_JWT_ISSUER: url,
      CALLER_JWT_AUDIENCE: 'tokens-gateway',
    });
  });
  afterAll(async () => {
    await gateway.close();
    issuer.close();
  });

  it.each([
    ['tokens:read', 'read', undefined],
    ['tokens:read', 'write', 'FORBIDDEN'],
    ['tokens:read tokens:write', 'write', undefined],
    ['openid', 'read', 'FORBIDDEN'],
  ])('scope %j: a %s gets %s', async (scope, kind, code) => {
    const authorization = `Bearer ${await sign(scope)}`;
    const id = plain.emulator.tokensOf('demo')[0]?.id;
    const { errors } =
      kind === 'read'
        ? await gateway.query(LIST, {}, { authorization })
        : await gateway.query(RENAME, { id }, { authorization });
    expect(errors?.[0]?.extensions.code).toBe(code);
  });

  it('the query of the key set is not in the log', () => {
    expect(gateway.log()).not.toContain('policy-canary');
  });

  it('a token for another audience is UNAUTHENTICATED', async () => {
    const { errors } = await gateway.query(
      LIST,
      {},
      { authorization: `Bearer ${await sign('tokens:read', { audience: 'other' })}` },
    );
    expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  it.each([
    ['has expired', () => sign('tokens:read', { expires: '-5m' }), 'ERR_JWT_EXPIRED'],
    [
      'is for another audience',
      () => sign('tokens:read', { audience: 'canary' }),
      'ERR_JWT_CLAIM_VALIDATION_FAILED aud',
    ],
    ['has no scope', () => sign('canary'), 'no scope'],
    ['is none', () => 'canary', 'ERR_JWS_INVALID'],
  ])('the log says that a token %s, and nothing of the token', async (_title, token, reason) => {
    const before = gateway.log().length;
    await gateway.query(LIST, {}, { authorization: `Bearer ${await token()}` });
    const added = gateway.log().slice(before);
    expect(JSON.parse(added)).toMatchObject({ msg: 'operation', reason });
    expect(added).not.toContain('canary');
  });
});
