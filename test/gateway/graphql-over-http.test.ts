import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { type Gateway, startGateway } from '../support/gateway.ts';

let gateway: Gateway;

/** The audits of the GraphQL-over-HTTP specification, as a client that sends the header which browsers cannot forge. */
const audits = serverAudits({
  url: 'http://gateway/graphql',
  fetchFn: (url: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('apollo-require-preflight', 'true');
    return fetch(url.replace('http://gateway', gateway.origin), { ...init, headers });
  },
});
const rows = audits.map(({ id, name, fn }) => [id, name, fn] as const);

async function statusOf(audit: (typeof audits)[number]['fn']): Promise<string> {
  const result = await audit();
  return result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`;
}

describe('The GraphQL-over-HTTP specification', () => {
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  it('has 61 audits', () => expect(rows).toHaveLength(61));

  it.each(rows)('%s: %s', async (_id, _name, audit) => {
    expect(await statusOf(audit)).toBe('ok');
  });
});

describe('The GraphQL-over-HTTP specification, without introspection', () => {
  // BF61 asks for it too, and looks at the status only.
  const asksForTheSchema = ['28B9', '2EA1', 'D6D5', '6A70'];
  beforeAll(async () => {
    gateway = await startGateway({ env: { EXPLORER: 'off' } });
  });
  afterAll(() => gateway.close());

  it.each(rows.filter(([id]) => !asksForTheSchema.includes(id)))('%s: %s', async (_id, _name, audit) => {
    expect(await statusOf(audit)).toBe('ok');
  });

  it.each(rows.filter(([id]) => asksForTheSchema.includes(id)))(
    '%s (%s) requests the schema, and is rejected',
    async (_id, _name, audit) => {
      expect(await statusOf(audit)).not.toBe('ok');
    },
  );
});
