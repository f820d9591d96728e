import { type EmulatorOptions, startEmulator } from './emulator.ts';
import { EmulatorError } from './reply.ts';

/** An emulator that runs alone keeps only the latest calls. */
const MAX_CALLS = 1000;
const DEFAULT_PORT = '4010';

// A closed pipe must not end the emulator.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  const [unknown] = process.argv.slice(2);
  if (unknown !== undefined)
    throw new EmulatorError(
      `Unknown argument ${JSON.stringify(unknown)}: set EMULATOR_PORT, EMULATOR_HOST, EMULATOR_DATA_FILE or EMULATOR_SEED.`,
    );
  // biome-ignore lint/style/noProcessEnv: this is an entry; the rest of the emulator takes options
  const settings = readSettings(process.env);
  const emulator = await startEmulator({ ...settings, maxCalls: MAX_CALLS });
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () =>
      emulator.close().then(
        () => process.exit(0),
        () => process.exit(1),
      ),
    );
  }
  process.stdout.write(`IAM emulator     ${emulator.url}/iam
Token endpoint   ${emulator.tokenEndpoint}
Authorization    Bearer demo     (any other bearer is another principal, without tokens)

  curl -H 'authorization: Bearer demo' '${emulator.url}/iam/v1/tokens?limit=3'
`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** The environment of the emulator alone: a blank value is the same as none. Throws an EmulatorError for an invalid value. */
function readSettings(env: Readonly<Record<string, string | undefined>>): EmulatorOptions {
  const read = (name: string) => env[name]?.trim() || undefined;
  const port = read('EMULATOR_PORT') ?? DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new EmulatorError(`Expected EMULATOR_PORT to be an integer from 0 to 65535, got "${port}".`);
  }
  return {
    port: Number(port),
    host: read('EMULATOR_HOST'),
    dataFile: read('EMULATOR_DATA_FILE'),
    seed: read('EMULATOR_SEED'),
  };
}
