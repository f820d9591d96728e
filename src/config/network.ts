import type { Environment } from './environment.ts';
import { parseUrl } from './parse-url.ts';
import type { VariableName } from './variables.ts';

/** Whether only processes of this machine can reach `host`, which is written as in a URL or as given to `listen`. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').replace(/%.*$/s, '');
  const url = `http://${bare.includes(':') ? `[${bare}]` : bare}`;
  const name = parseUrl(url)?.hostname.replace(/\.$/, '') ?? '';
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/.test(name);
}

/** The URL of a variable. Plain http is rejected where requests would leave this machine unencrypted. */
export function readSecureUrl(
  environment: Environment,
  name: 'API_GATEWAY_URL' | 'TOKEN_ENDPOINT' | 'CALLER_JWKS_URL',
): string | undefined {
  const { values, refuse } = environment;
  const url = values[name];
  const { protocol, hostname } = new URL(url ?? 'https://unset');
  if (protocol === 'http:' && !isLoopback(hostname) && !values.ALLOW_INSECURE_UPSTREAM) {
    refuse(
      `Expected ${name} to be an https URL: plain http needs a loopback host or ALLOW_INSECURE_UPSTREAM=true`,
    );
  }
  return url;
}

const LISTENERS = [
  ['HOST', 'PORT'],
  ['ADMIN_HOST', 'ADMIN_PORT'],
  ['EMULATOR_HOST', 'EMULATOR_PORT'],
] as const satisfies readonly (readonly VariableName[])[];

/** Rejects two listeners on one address: the second would fail after the first has started. */
export function refuseSharedPorts({ values, refuse }: Environment): void {
  const seen = new Map<string, string>();
  for (const [host, port] of LISTENERS) {
    const isUsed = port !== 'EMULATOR_PORT' || values.EMULATOR;
    if (!isUsed || !values[port]) continue;
    const address = `${values[host]}:${values[port]}`;
    const other = seen.get(address);
    if (other) refuse(`Expected ${port} to be another port than ${other}, got ${values[port]} for both`);
    seen.set(address, port);
  }
}
