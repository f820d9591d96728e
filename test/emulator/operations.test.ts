import { describe, expect, it } from '@jest/globals';
import { shareEmulator } from '../support/share.ts';
import { clientOf, validInput } from './support.ts';

const emulator = shareEmulator();
const demo = clientOf(emulator);

async function create(): Promise<string> {
  return (await demo('POST', '/v1/tokens', { body: validInput })).body.id;
}

describe('The six operations', () => {
  it('createToken returns 200 with the token, without its description', async () => {
    const { status, body } = await demo('POST', '/v1/tokens', {
      body: { ...validInput, description: 'secret' },
    });
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('description');
    expect(body).toMatchObject({
      ...validInput,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ari: `ari:iam:::token/${body.id}`,
      ownerAri: expect.stringMatching(/^ari:iam:::user\/[0-9a-f-]{36}$/),
      scopes: ['openid', 'offline_access'],
    });
  });

  it('getToken returns what was created', async () => {
    const id = await create();
    expect(await demo('GET', `/v1/tokens/${id}`)).toMatchObject({ status: 200, body: { id, ...validInput } });
  });

  it('a new token is the last of the list', async () => {
    const id = await create();
    const { body: first } = await demo('GET', '/v1/tokens');
    const { body: second } = await demo('GET', `/v1/tokens?exclusiveStartKey=${first.lastEvaluatedKey}`);
    expect(second.tokens.at(-1).id).toBe(id);
  });

  it('updateToken changes the name alone when the name alone is sent', async () => {
    const id = await create();
    const { status, body } = await demo('PATCH', `/v1/tokens/${id}`, { body: { name: 'renamed' } });
    expect([status, body]).toEqual([200, expect.objectContaining({ ...validInput, name: 'renamed' })]);
    expect((await demo('GET', `/v1/tokens/${id}`)).body).toEqual(body);
  });

  it('updateToken merges a part of the authentication method', async () => {
    const id = await create();
    const patch = { authenticationMethod: { publicKeyInfo: { jwksUri: 'https://keys.example.com' } } };
    const { body } = await demo('PATCH', `/v1/tokens/${id}`, { body: patch });
    expect(body.authenticationMethod).toEqual({
      type: 'PRIVATE_KEY',
      signingAlgorithm: 'ES256',
      publicKeyInfo: { jwksUri: 'https://keys.example.com' },
    });
  });

  it('deleteToken returns 204 without a body, and 404 the second time', async () => {
    const id = await create();
    const first = await demo('DELETE', `/v1/tokens/${id}`);
    expect([first.status, first.text]).toEqual([204, '']);
    const second = await demo('DELETE', `/v1/tokens/${id}`);
    expect(second).toMatchObject({
      status: 404,
      body: { name: 'NotFoundError', message: 'Not found: token.' },
    });
  });

  it('listProjectsOfToken returns the projects with the policies of this token', async () => {
    const [first] = emulator.tokensOf('demo');
    const { status, body } = await demo('GET', `/v1/tokens/${first?.id}/projects`);
    expect(status).toBe(200);
    expect(body.projects.map(({ name }: { name: string }) => name)).toEqual([
      'Billing',
      'Identity Verification',
      'Partner Onboarding',
    ]);
    expect(body.projects[0].policy).toEqual({
      version: '2022-12-15',
      principalId: `token/${first?.id}`,
      projectId: body.projects[0].id,
      statement: [
        {
          principal: [`ari:iam::${body.projects[0].id}:token/${first?.id}`],
          action: ['*'],
          resource: ['*'],
          effect: 'Allow',
        },
      ],
    });
  });

  it('a token that was just created has no projects until it is added to one', async () => {
    const id = await create();
    expect((await demo('GET', `/v1/tokens/${id}/projects`)).body).toEqual({ projects: [] });
    await emulator.addProject(id, { name: 'Payroll' });
    expect((await demo('GET', `/v1/tokens/${id}/projects`)).body.projects).toMatchObject([
      { name: 'Payroll' },
    ]);
  });

  it.each(['unknown', '00000000-0000-4000-8000-000000000000', '..', '%2e%2e%2f', 'a%2Fb', '%F0%9F%94%91'])(
    'an id that nobody has is 404: %s',
    async (id) => {
      const answer = await fetch(`${emulator.url}/iam/v1/tokens/${id}`, {
        headers: { authorization: 'demo' },
      });
      expect(answer.status).toBe(404);
    },
  );

  it('a path the API does not have is 404 in the words of API Gateway', async () => {
    expect(await demo('GET', '/v1/nothing')).toMatchObject({ status: 404, body: { message: 'Not Found' } });
    expect(await demo('PUT', '/v1/tokens')).toMatchObject({ status: 404, body: { message: 'Not Found' } });
  });
});

describe('The calls', () => {
  it('say what was received, in order', async () => {
    emulator.resetCalls();
    await demo('GET', '/v1/tokens?limit=1');
    await demo('PATCH', '/v1/tokens/a%2Fb', { body: { name: 'abc' } });
    expect(emulator.calls).toMatchObject([
      { method: 'GET', path: '/iam/v1/tokens', query: 'limit=1', operation: 'listToken', principal: 'demo' },
      { method: 'PATCH', path: '/iam/v1/tokens/a%2Fb', body: { name: 'abc' }, operation: 'updateToken' },
    ]);
    expect(emulator.calls[0]?.headers.authorization).toBe('Bearer demo');
  });
});

describe('The received calls', () => {
  it('are kept: at least the last 1000, and at most twice as many', async () => {
    const counts: number[] = [];
    for (const length of [1000, 1000, 1]) {
      // Fifty at a time: a busy machine resets some of a thousand new connections.
      for (let sent = 0; sent < length; sent += 50)
        await Promise.all(
          Array.from({ length: Math.min(50, length - sent) }, () => demo('GET', '/v1/sts/whoami')),
        );
      counts.push(emulator.calls.length);
    }
    expect(counts).toEqual([1000, 2000, 1001]);
  });
});
