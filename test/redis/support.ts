import type { Answer } from '../support/gateway.ts';
import { RSA_JWK } from '../support/keys.ts';
import { until } from '../support/until.ts';

export const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { code } } }';

export function createInput(idempotencyKey: string | undefined, name = `token of ${idempotencyKey}`) {
  const authenticationMethod = { publicKeyInfo: { jwks: { keys: [RSA_JWK] } }, signingAlgorithm: 'RS256' };
  return { input: { name, authenticationMethod, ...(idempotencyKey ? { idempotencyKey } : {}) } };
}

/** Until `/readyz` has this line about Redis. Resolves to all that it says. */
export function untilRedis(origin: string, line: string): Promise<string> {
  return until(async () => {
    const text = await (await fetch(`${origin}/readyz`)).text();
    return text.includes(`redis: ${line}`) && text;
  }, 20);
}

/** Between a response that says to come again and the next request. */
export const RETRY_MS = 100;

/**
 * Sends a create again, as a client does, for as long as the response says to come again. A busy machine may give Redis no
 * time for half a second, which counts as a loss.
 */
export function untilServed(create: () => Promise<Answer>): Promise<Answer> {
  return until(async () => {
    const answer = await create();
    const { code, retryAfter } = answer.errors?.[0]?.extensions ?? {};
    if (code !== 'OVERLOADED') return answer;
    if (typeof retryAfter !== 'number') throw new Error(`no time to come again: ${answer.text}`);
    return undefined;
  }, RETRY_MS);
}

/** The losses of Redis in a log, each of which is reported once for each cause, until the return is. */
export function lossesIn(log: string): number {
  const losses = log
    .split('"msg":"Redis is back')
    .map((part) => part.match(/(?<="cause":")[^"]+(?=".*"msg":"Redis is lost)/g) ?? []);
  const repeated = losses.find((causes) => new Set(causes).size < causes.length);
  if (repeated) throw new Error(`reported twice: Redis is lost (${repeated})`);
  return losses.filter((causes) => causes.length > 0).length;
}
