import { startEmulator } from './emulator.ts';
import { readSettings } from './settings.ts';

/** Nobody reads the calls of an emulator that runs alone but the one who just made them. */
const MAX_CALLS = 1000;

// Nothing that it writes is worth ending for.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
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
