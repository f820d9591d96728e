import { expect } from '@jest/globals';
import type { Gateway } from '../support/gateway.ts';
import { RSA_JWK } from '../support/keys.ts';

export const DEMO = { authorization: 'Bearer demo' };
/** Each principal starts without tokens: what a test writes is there alone. */
export const as = (name: string) => ({ authorization: `Bearer ${name}` });

/** The token of the sample data with the most projects. */
export const MANY_PROJECTS = 'd3db6fa2-3c65-40a6-a384-ce86700dcfbe';

export const NEW_TOKEN = {
  authenticationMethod: {
    signingAlgorithm: 'RS256' as const,
    publicKeyInfo: { jwks: { keys: [{ ...RSA_JWK, use: 'sig' }] } },
  },
};

/** Pages of 50: what the API was asked for all 120 tokens. The second page ends where one of the API's does. */
export function expectWalkOverTokens(gateway: Gateway): void {
  const calls = gateway.calls();
  expect(calls).toHaveLength(4);
  expect(calls[0]).toBe('GET /v1/tokens?limit=51');
}

/** Pages of 100: what it was asked for all 250 projects. */
export function expectWalkOverProjects(gateway: Gateway): void {
  const pages = gateway.calls().filter((call) => call.includes('/projects'));
  expect(pages.length).toBeGreaterThanOrEqual(3);
  expect(pages.length).toBeLessThanOrEqual(6);
}

export const writesOf = (gateway: Gateway) => gateway.calls().filter((call) => !call.startsWith('GET'));
