import { describe, expect, it } from '@jest/globals';
import { leakCanaries } from '../../src/emulator/fault-responses.ts';
import { faultNames } from '../../src/emulator/faults.ts';
import { post, shareGateway, startGateway } from '../support/gateway.ts';

const BEARER = 'bearer-canary';
const READ = `query ($id: ID!) { tokens(first: 1) { nodes { id } }
  token(id: $id) { id name projects(first: 1) { nodes { id } } } }`;
const WRITE =
  'mutation ($input: UpdateTokenInput!) { updateToken(input: $input) { token { id } userErrors { message } } }';
// Where an error goes wrong, some of these come out.
const HIDDEN =
  /127\.0\.0\.1|localhost|ECONN|ENOTFOUND|UND_ERR|HPE_|undici|\bgot\b|ajv|fastify|node_modules|<html|\n\s+at /i;

const gateway = shareGateway({
  env: {
    ADMIN_PORT: '0',
    LOG_LEVEL: 'trace',
    REQUEST_DEADLINE_MS: '700',
    UPSTREAM_READ_TIMEOUT_MS: '300',
    UPSTREAM_WRITE_TIMEOUT_MS: '300',
  },
});

/** Every fault there is, with its digits filled in; but not the one that answers with the caller's name. */
const faults = faultNames
  .filter((name) => name !== 'echo-principal')
  .map((name) =>
    name
      .replace('after-FAULT', 'after-leak')
      .replace('NNN', '503')
      .replace('SECONDS', '1')
      .replace(/-N$/, '-1'),
  );

describe('Under every fault of IAM, with the log at trace', () => {
  it.each(faults)('(%s) no response and no line of the log holds a secret', async (fault) => {
    // This principal's every call fails that way.
    const headers = { authorization: `Bearer ${BEARER}~${fault}` };
    const read = await gateway.query(READ, { id: 'fault-latency-1' }, headers);
    const written = await gateway.query(WRITE, { input: { id: 'x', name: 'renamed' } }, headers);
    for (const { text } of [read, written]) {
      expect(text).not.toMatch(HIDDEN);
      expect(text).not.toContain(BEARER);
      for (const canary of leakCanaries) expect(text).not.toContain(canary);
    }
  });

  it('and neither does the whole log', () => {
    expect(gateway.log().split('\n').length).toBeGreaterThan(faults.length);
    expect(gateway.log()).not.toContain(BEARER);
    for (const canary of leakCanaries) expect(gateway.log()).not.toContain(canary);
  });
});

describe('The log', () => {
  const linesSince = (start: number) => gateway.log().slice(start);

  it('has no variables, extensions or headers', async () => {
    const start = gateway.log().length;
    await post(
      gateway.url,
      {
        query: 'query Named($id: ID!) { token(id: $id) { id } }',
        variables: { id: 'variable-canary', authorization: 'Bearer variable-canary' },
        extensions: {
          authorization: 'Bearer extension-canary',
          headers: { authorization: 'extension-canary' },
        },
      },
      { authorization: 'Bearer header-canary', cookie: 'session=cookie-canary' },
    );
    expect(linesSince(start)).not.toContain('canary');
    expect(linesSince(start)).toContain('"operation":"Named"');
  });

  it('has the name and the hash of an operation, and none of its literals', async () => {
    const start = gateway.log().length;
    await gateway.query('query Named { token(id: "literal-canary") { alias_canary: id } }');
    expect(linesSince(start)).not.toContain('canary');
    expect(linesSince(start)).toMatch(/"document":"[0-9a-f]{16}"/);
  });

  it('distinguishes callers by the first twelve digits of a hash', async () => {
    const start = gateway.log().length;
    await gateway.query('{ tokens(first: 1) { nodes { id } } }', {}, { authorization: 'Bearer demo' });
    // sha256("demo")
    expect(linesSince(start)).toContain('"principal":"2a97516c354b"');
  });

  it('of a create has neither the name nor the key', async () => {
    // With the default timeouts: this create succeeds however busy the machine is.
    const plain = await startGateway({ emulatorOf: gateway, env: { LOG_LEVEL: 'trace' } });
    const { errors } = await plain.query(
      `mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } } }`,
      {
        input: {
          name: 'name-canary',
          authenticationMethod: {
            signingAlgorithm: 'RS256',
            publicKeyInfo: { jwksUri: 'https://uri-canary.example' },
          },
        },
      },
    );
    expect(errors).toBeUndefined();
    expect(plain.log()).toContain('createToken');
    expect(plain.log()).not.toContain('canary');
    await plain.close();
  });
});

describe('The responses of health checks and metrics', () => {
  it.each(['/livez', '/readyz', '/metrics'])('(%s) names no host, caller or credential', async (path) => {
    const text = await (await fetch(`${gateway.adminOrigin}${path}`)).text();
    expect(text).not.toMatch(/http:|127\.0\.0\.1|Bearer|canary|2a97516c354b/i);
  });
});
