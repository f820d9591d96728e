import type { CreateTokenBody } from '../../src/upstream/generated.ts';
import { EC_JWK } from '../support/keys.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  readonly body: any;
}

export type Send = (
  method: string,
  path: string,
  options?: { body?: unknown; headers?: Record<string, string> },
) => Promise<Answer>;

/** Sends to the emulator as one principal; `path` begins behind `/iam`. A string is sent as it is. */
export function clientOf(emulator: { readonly url: string }, authorization = 'Bearer demo'): Send {
  return async (method, path, { body, headers = {} } = {}) => {
    const response = await fetch(`${emulator.url}/iam${path}`, {
      method,
      headers: {
        ...(authorization === '' ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json' && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    };
  };
}

export const validInput: CreateTokenBody = {
  name: 'nightly-export',
  authenticationMethod: {
    type: 'PRIVATE_KEY',
    signingAlgorithm: 'ES256',
    publicKeyInfo: { jwks: { keys: [EC_JWK] } },
  },
};
