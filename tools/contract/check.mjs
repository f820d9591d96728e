// Compares a live IAM API with `src/upstream/openapi.yaml`, by GET requests only. See docs/contributing.md.
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../../dist/config/config.js';
import { readContract } from './contract.mjs';
import { CannotProbe, probe } from './probe.mjs';

const USAGE = `Usage: npm run contract:check -- --url https://apse1.api.affinidi.io
       npm run contract:check -- --emulator
  --url URL       URL of the Affinidi API, as in API_GATEWAY_URL
  --emulator      compares the embedded emulator instead
  --json          prints one JSON object instead of lines
Set the environment variable IAM_AUTHORIZATION to the credential ("Bearer …").`;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CannotProbe)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function main(args) {
  const { url, emulator, json } = readOptions(args);
  const own = emulator ? await startOwnEmulator() : undefined;
  try {
    const authorization = own ? 'Bearer demo' : process.env.IAM_AUTHORIZATION;
    if (!authorization) throw new CannotProbe(`IAM_AUTHORIZATION is required\n${USAGE}`);
    if (!/^[\x20-\x7e]+$/.test(authorization))
      throw new CannotProbe('IAM_AUTHORIZATION must be one line of ASCII characters, as in `Bearer …`');
    const baseUrl = own ? `${own.url}/iam` : toBaseUrl(url);
    const { differences, probes, skipped } = await probe({
      baseUrl,
      authorization,
      contract: readContract(),
    });
    if (json) console.log(JSON.stringify({ probes, differences, skipped }, undefined, 2));
    else printLines({ differences, probes, skipped });
    return differences.length > 0 ? 1 : 0;
  } finally {
    await own?.close();
  }
}

/** Loaded only here, because loading it takes longer than all the rest. */
async function startOwnEmulator() {
  const { startEmulator } = await import('../../dist/emulator/emulator.js');
  return startEmulator({ port: 0 });
}

function readOptions(args) {
  const options = { url: { type: 'string' }, emulator: { type: 'boolean' }, json: { type: 'boolean' } };
  try {
    const { values } = parseArgs({ args, options });
    if ((values.url === undefined) === (values.emulator === undefined))
      throw new Error('Expected either --url or --emulator');
    return values;
  } catch (error) {
    throw new CannotProbe(`${error.message}\n${USAGE}`);
  }
}

function toBaseUrl(text) {
  try {
    return `${readConfig({ API_GATEWAY_URL: text }, () => '').upstream.apiGatewayUrl}/iam`;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CannotProbe('Expected --url to be an https URL without credentials');
  }
}

function printLines({ differences, probes, skipped }) {
  for (const { kind, operation, at, what } of differences)
    console.log([kind.padEnd(8), operation, at, what].filter(Boolean).join('  '));
  for (const { operation, why } of skipped) console.log(`skipped   ${operation}  ${why}`);
  console.log(`${probes} requests, ${differences.length} differences`);
}
