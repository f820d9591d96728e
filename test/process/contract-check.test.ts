import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { shareEmulator } from '../support/share.ts';
import { listen } from '../support/tcp-servers.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests say what they change in an answer
type Body = any;
interface Reply {
  status: number;
  type: string;
  body: Body;
}

const emulator = shareEmulator();

async function check(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['tools/contract/check.mjs', ...args], { env });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', resolve)),
  ]);
  return { lines: stdout.trim().split('\n'), stderr, code };
}

/** The emulator, with answers that `change` has changed. */
function createDrifted(change: (reply: Reply, url: string) => void): Server {
  return createServer(async (request, response) => {
    const { authorization } = request.headers;
    const answer = await fetch(emulator.url + request.url, {
      method: request.method ?? '',
      headers: authorization ? { authorization } : {},
    });
    const reply = { status: answer.status, type: 'application/json', body: await answer.json() };
    change(reply, request.url ?? '');
    response.writeHead(reply.status, { 'content-type': reply.type });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  });
}

async function checkDrifted(change: (reply: Reply, url: string) => void, args: readonly string[] = []) {
  const server = createDrifted(change);
  const port = await listen(server);
  try {
    return await check(['--url', `http://127.0.0.1:${port}`, ...args], { IAM_AUTHORIZATION: 'Bearer demo' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const tokensIn = ({ body }: Reply): Body[] => body.tokens ?? (body.authenticationMethod ? [body] : []);

describe('npm run contract:check', () => {
  it('finds no difference in the emulator, and only reads', async () => {
    emulator.resetCalls();
    const { lines, code } = await check(['--url', emulator.url], { IAM_AUTHORIZATION: 'Bearer demo' });
    expect(lines).toEqual(['16 requests, 0 differences']);
    expect(code).toBe(0);
    expect(new Set(emulator.calls.map(({ method }) => method))).toEqual(new Set(['GET']));
  });

  it('needs no credential for the emulator', async () => {
    expect(await check(['--emulator'])).toMatchObject({ code: 0 });
  });

  const drifts: [string, (reply: Reply, url: string) => void, string][] = [
    [
      'a member that is new',
      (reply) => {
        for (const token of tokensIn(reply)) token.expiresAt = 'soon';
      },
      'new       listToken  tokens[]  member expiresAt',
    ],
    [
      'a member that is missing',
      (reply) => {
        for (const token of tokensIn(reply)) delete token.ownerAri;
      },
      'missing   getToken  member ownerAri',
    ],
    [
      'a member of another type',
      (reply) => {
        for (const token of tokensIn(reply)) token.scopes = 'openid';
      },
      'wrong     listToken  tokens[].scopes  expected array',
    ],
    [
      'a value that an enum did not have',
      (reply) => {
        for (const token of tokensIn(reply)) token.authenticationMethod.signingAlgorithm = 'PS256';
      },
      'new       getToken  authenticationMethod.signingAlgorithm  value PS256',
    ],
    [
      'a status that is not documented',
      (reply, url) => {
        if (url.includes('/00000000-')) reply.status = 410;
      },
      'new       getToken  status 410',
    ],
    [
      'an error of another shape',
      (reply) => {
        if (reply.status === 404) reply.body = { error: 'none' };
      },
      'missing   getToken  member name',
    ],
    [
      'another media type',
      (reply, url) => {
        if (url.endsWith('jwks.json')) reply.type = 'text/html';
      },
      'wrong     getWellKnownJwks  status 200 is not application/json',
    ],
    [
      'what is no JSON',
      (reply, url) => {
        if (url.endsWith('whoami')) reply.body = '<html>';
      },
      'wrong     whoami  status 200 is not JSON',
    ],
    [
      'a limit that is not kept',
      (reply, url) => {
        if (url.endsWith('/v1/tokens?limit=1')) reply.body.tokens.push(reply.body.tokens[0]);
      },
      'wrong     listToken  more items than limit',
    ],
    [
      'a page that comes again',
      (reply, url) => {
        if (!url.includes('exclusiveStartKey')) return;
        const first = emulator.tokensOf('demo')[0];
        if (reply.body.tokens) reply.body.tokens = [{ ...reply.body.tokens[0], id: first?.id }];
      },
      'wrong     listToken  an item of the page before comes again',
    ],
    [
      'a bad limit that is accepted',
      (reply, url) => {
        if (url.endsWith('limit=101')) Object.assign(reply, { status: 200, body: { tokens: [] } });
      },
      'wrong     listToken  /v1/tokens?limit=101  expected status 400, got 200',
    ],
    [
      'an answer to anybody',
      (reply) => {
        if (reply.status === 403 || reply.status === 401)
          Object.assign(reply, { status: 200, body: { tokens: [] } });
      },
      'wrong     listToken  /v1/tokens  expected status 401 or 403, got 200',
    ],
  ];
  it.each(drifts)('reports %s', async (_name, change, line) => {
    const { lines, code } = await checkDrifted(change);
    expect(lines).toContain(line);
    expect(code).toBe(1);
  });

  it('reports it as JSON as well, without the contents of responses', async () => {
    const { lines, code } = await checkDrifted(
      (reply) => {
        for (const token of tokensIn(reply)) Object.assign(token, { 'CANARY-MEMBER': 1, name: 7 });
      },
      ['--json'],
    );
    const { differences, probes } = JSON.parse(lines.join('\n'));
    expect(probes).toBe(16);
    expect(differences).toContainEqual({
      operation: 'listToken',
      kind: 'wrong',
      at: 'tokens[].name',
      what: 'expected string',
    });
    expect(code).toBe(1);
    const [token] = emulator.tokensOf('demo');
    for (const secret of ['CANARY', 'demo', 'Bearer', token?.id ?? '', 'billing-worker'])
      expect(lines.join('\n')).not.toContain(secret);
  });
});

describe('If nothing can be compared, npm run contract:check ends with exit code 2, and one line says why', () => {
  it.each([
    ['a missing credential', ['--url', 'https://127.0.0.1:9'], {}, 'IAM_AUTHORIZATION is required'],
    ['an API that is not there', ['--url', 'http://127.0.0.1:9'], {}, 'The API cannot be reached'],
    ['a missing URL', [], {}, 'Expected either --url or --emulator'],
    ['an unknown option', ['--write'], {}, "Unknown option '--write'"],
    ['a URL without TLS', ['--url', 'http://iam.example.com'], {}, 'Expected --url to be an https URL'],
    [
      'a credential of two lines',
      ['--url', 'http://127.0.0.1:9'],
      { IAM_AUTHORIZATION: 'Bearer CANARY\n' },
      'IAM_AUTHORIZATION must be one line of ASCII characters',
    ],
    ['a credential in the URL', ['--url', 'https://u:CANARY@iam.example.com'], {}, 'Expected --url to be'],
  ])('for %s', async (name, args, env, message) => {
    const credential = name === 'a missing credential' ? {} : { IAM_AUTHORIZATION: 'Bearer CANARY' };
    const { code, stderr } = await check(args, { ...credential, ...env });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('CANARY');
    expect(code).toBe(2);
  });

  it('for an API that limits requests', async () => {
    emulator.faults.add({ fault: '429-1', operation: 'listToken' });
    const { code, stderr } = await check(['--url', emulator.url], { IAM_AUTHORIZATION: 'Bearer demo' });
    emulator.faults.clear();
    expect(stderr).toBe('The API responds with status 429: try again later\n');
    expect(code).toBe(2);
  });

  it('for a credential that is rejected', async () => {
    emulator.faults.add({ fault: 'status-403', operation: 'listToken' });
    const { code, stderr } = await check(['--url', emulator.url], { IAM_AUTHORIZATION: 'Bearer demo' });
    emulator.faults.clear();
    expect(stderr).toBe(
      'The API does not accept the credential: renew it, and give it as IAM_AUTHORIZATION\n',
    );
    expect(code).toBe(2);
  });
});
