import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.ts';
import { STS_PATH, shareIssuer, sharePatCredential, TOKEN_PATH } from './support.ts';

const issuer = shareIssuer();
const { credential, create, time, logged, ask } = sharePatCredential(issuer);

describe('Many callers share one sign-in', () => {
  it.each([1, 50, 500])('%i at once, cold: 1 OAuth + 1 STS call', async (callers) => {
    const values = await ask(callers);

    expect(issuer.paths()).toEqual([TOKEN_PATH, STS_PATH]);
    expect(new Set(values).size).toBe(1);
    expect(values[0]).toMatch(/^Bearer project-\d+$/);
  });

  it('and later ones get the value without waiting', async () => {
    const value = await credential.authorization();

    expect(credential.authorization()).toBe(value);
    expect(issuer.calls).toHaveLength(2);
  });

  it('is one identity for the same token, project and kind, and another one for any other', () => {
    const identities = [
      {},
      { projectId: 'other' },
      { tokenId: 'other' },
      { credential: 'user' as const },
    ].map((more) => create(more).identity);

    expect(create().identity).toBe(identities[0]);
    expect(new Set(identities).size).toBe(4);
    expect(identities[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('The value is renewed before it ends', () => {
  it('in the background from two minutes before expiry on, while callers get the old one', async () => {
    const first = await credential.authorization();

    time.advanceSeconds(3600 - 121);
    expect(credential.authorization()).toBe(first);
    expect(issuer.calls).toHaveLength(2);

    time.advanceSeconds(1);
    issuer.lifetimes.user = 7200;
    expect([credential.authorization(), credential.authorization()]).toEqual([first, first]);
    await change(first);
    expect(issuer.paths()).toEqual([TOKEN_PATH, STS_PATH, STS_PATH]);
  });

  it('and is not used in its last minute', async () => {
    const first = await credential.authorization();
    time.advanceSeconds(3600 - 60);

    const values = await ask(50);
    expect(new Set(values).size).toBe(1);
    expect(values[0]).not.toBe(first);
    expect(issuer.paths()).toEqual([TOKEN_PATH, STS_PATH, TOKEN_PATH, STS_PATH]);
  });

  it('at the STS only, while the user token lasts', async () => {
    issuer.lifetimes.project = 300;
    await credential.authorization();
    time.advanceSeconds(240);
    await credential.authorization();

    expect(issuer.paths()).toEqual([TOKEN_PATH, STS_PATH, STS_PATH]);
  });

  it('and stays in use when the renewal does not work, which is tried once a second', async () => {
    const first = await credential.authorization();
    issuer.answerWith(STS_PATH, { status: 503, body: '' });
    time.advanceSeconds(3600 - 119);

    expect(credential.authorization()).toBe(first);
    await until(() => logged.lines.some(({ level }) => level === 'warn'));
    expect(credential.authorization()).toBe(first);
    expect(issuer.callsTo(STS_PATH)).toHaveLength(2);

    time.advanceSeconds(1);
    expect(credential.authorization()).toBe(first);
    await until(() => issuer.callsTo(STS_PATH).length === 3);
  });
});

describe('A value that lives for a second or less', () => {
  it.each(['user', 'project'] as const)('costs at most one sign-in a second (%s)', async (kind) => {
    Object.assign(issuer.lifetimes, { user: 1, project: 1 });
    const credential = create({ credential: kind });
    for (let tick = 0; tick < 50; tick++) {
      await credential.authorization();
      await new Promise((resolve) => setTimeout(resolve, 1));
      time.advanceSeconds(0.1);
    }
    expect(issuer.callsTo(TOKEN_PATH)).toHaveLength(5);
  });

  it('also when IAM rejects it as soon as it has ended', async () => {
    Object.assign(issuer.lifetimes, { user: 0.2, project: 0.2 });
    let endsAt = 0;
    let last = '';
    for (let tick = 0; tick < 50; tick++) {
      const value = await credential.authorization();
      if (value !== last) endsAt = time.clock() + 200;
      last = value;
      if (time.clock() >= endsAt) last = (await credential.renew(value)) ?? last;
      time.advanceSeconds(0.1);
    }
    expect(issuer.callsTo(STS_PATH).length).toBeLessThanOrEqual(5);
  });
});

async function change(from: string): Promise<void> {
  await until(() => credential.authorization() !== from);
}
