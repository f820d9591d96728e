import { setTimeout } from 'node:timers/promises';
import { RSA_JWK } from '../support/keys.ts';

export const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { code } } }';

export function createInput(idempotencyKey: string | undefined, name = `token of ${idempotencyKey}`) {
  const authenticationMethod = { publicKeyInfo: { jwks: { keys: [RSA_JWK] } }, signingAlgorithm: 'RS256' };
  return { input: { name, authenticationMethod, ...(idempotencyKey ? { idempotencyKey } : {}) } };
}

/** Until `/readyz` has this line about Redis. */
export async function untilRedis(origin: string, state: 'ok' | 'unreachable'): Promise<void> {
  while (!(await (await fetch(`${origin}/readyz`)).text()).includes(`redis: ${state}`)) await setTimeout(20);
}
