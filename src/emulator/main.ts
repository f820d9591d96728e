import { readEnvironment, toGroup } from '../config/environment.ts';
import { variables } from '../config/variables.ts';
import { checkStore, type EmulatorOptions, startEmulator } from './emulator.ts';
import { EmulatorError } from './reply.ts';

const DEFAULT_PORT = 4010;

// A closed pipe must not end the emulator.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  const [unknown] = process.argv.slice(2);
  if (unknown !== undefined)
    throw new EmulatorError(
      `Unknown argument ${JSON.stringify(unknown)}: set EMULATOR_PORT, EMULATOR_HOST, EMULATOR_DATA_FILE or EMULATOR_SEED.`,
    );
  // biome-ignore lint/style/noProcessEnv: this is an entry; the rest of the emulator takes options
  const settings = await readSettings(process.env);
  const emulator = await startEmulator(settings);
  // A rejection ends the process, with its reason.
  for (const signal of ['SIGTERM', 'SIGINT'])
    process.once(signal, () => emulator.close().then(() => process.exit(0)));
  process.stdout.write(`IAM emulator     ${emulator.url}/iam
Token endpoint   ${emulator.tokenEndpoint}
Authorization    Bearer demo     (any other bearer is another principal, without tokens)

  curl -H 'authorization: Bearer demo' '${emulator.url}/iam/v1/tokens?limit=3'
`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** Throws an EmulatorError with all problems at once. Variables of a gateway are not read: they may belong to another program. */
async function readSettings(env: Readonly<Record<string, string | undefined>>): Promise<EmulatorOptions> {
  const own = Object.entries(env).filter(([name]) => name.startsWith('EMU') && name !== 'EMULATOR');
  const { values, isSet, addProblem, problems } = readEnvironment(Object.fromEntries(own), () => '');
  const { port, ...others } = toGroup(values, variables, 'EMULATOR_');
  const settings = { port: isSet('EMULATOR_PORT') ? port : DEFAULT_PORT, ...others };
  if (problems.length === 0) return settings;
  await checkStore(settings).catch(({ message }) => addProblem(message));
  throw new EmulatorError(problems.join('\n'));
}
