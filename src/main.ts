import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { describeConfig, helpText, readArguments } from './arguments.ts';
import { createChannel, WORKER_VARIABLE, type WorkerSettings } from './channel.ts';
import { type Config, ConfigError, readConfig } from './config/config.ts';
import { planConnections } from './descriptors.ts';
import { catchSignals } from './signals.ts';
import { readBuild } from './telemetry/build.ts';
import { describeError } from './telemetry/failures.ts';
import { openOutput } from './telemetry/output.ts';
import { readTextFile } from './text-file.ts';

/** Time for the primary process to take the problems of this worker. */
const REPORT_MS = 200;
const OTHER_CLUSTER =
  'This process is a worker of another program, such as pm2 in cluster mode. Start it as a process of its own (pm2: fork mode), and set WORKERS.';
const CERTIFICATES_IGNORED =
  'NODE_EXTRA_CA_CERTS has no effect in the file of --env-file: set it in the environment of the command that starts Node.js.';

/** A part of Node.js that its types lack. */
declare const WebAssembly: { readonly Memory: new (size: { initial: number }) => object };
const RUNTIME =
  'Start Node.js without --jitless and --disallow-code-generation-from-strings, since queries and the HTTP client are compiled. WebAssembly needs some 10 GB of address space (ulimit -v), or --disable-wasm-trap-handler.';

// Half of the threads may look up names at a time: with 4, the default, two names that get no reply, such as those of Redis
// and of the receiver of traces, would delay all others. Node.js 20 has started its threads by now, except in workers.
process.env.UV_THREADPOOL_SIZE ??= '16';
// Otherwise the client of Redis prints its password (DEBUG=*, read when it is loaded), and wrong advice at each attempt to
// connect to a server in protected mode. No other package has a use for them.
delete process.env.DEBUG;
console.warn = () => {};
// OpenTelemetry reads its variables untrimmed: traces would go to its default address after a trailing blank or line end.
for (const [name, value = ''] of Object.entries(process.env))
  if (name.startsWith('OTEL_')) process.env[name] = value.trim();
// Done before the rest of the program is loaded, so that no signal is missed and nothing blocks on stdout.
const output = openOutput();
const signals = catchSignals();
const settings = process.env[WORKER_VARIABLE];
const primary = cluster.worker && settings ? createChannel(cluster.worker) : undefined;
// So far nothing is running that needs an orderly end.
signals.handle({ onStop: () => void output.end(0) });

// Replaces the report of Node.js, which would print all members of the error, for example a request's headers.
let reportCrash = (event: string, error: unknown) =>
  output.writeError(`${event}: ${JSON.stringify(describeError(error))}`);
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    reportCrash(event, error);
    void output.end(1);
  });
}

try {
  const command = readArguments(process.argv.slice(2));
  if (command === '--help') await print(helpText());
  if (command === '--version') await print(`${readBuild().version}\n`);
  checkRuntime();
  if (cluster.isWorker && !primary) throw new ConfigError([OTHER_CLUSTER]);
  // The settings of a worker are removed, because they are not part of the configuration.
  const { [WORKER_VARIABLE]: _, ...env } = process.env;
  const worker = primary && { primary, ...(JSON.parse(settings ?? '') as WorkerSettings) };
  const config = readConfig(env, readTextFile);
  // Checked before the rest is loaded, which needs some hundred open files.
  const maxConnections = planConnections(config, worker !== undefined);
  if (command === '--check-config') {
    await checkParts(config);
    await print(describeConfig(config));
  }
  const { runGateway } = await import('./gateway.ts');
  await runGateway({
    config,
    maxConnections,
    output,
    signals,
    worker,
    onCrash: (report) => {
      reportCrash = report;
    },
  });
} catch (error) {
  // A problem of the environment is one line without a stack.
  const problems = problemsOf(error);
  // The primary process prints the problems of its workers, because all of them may have the same.
  if (primary) await Promise.race([primary.request('problems', problems), setTimeout(REPORT_MS)]);
  else for (const problem of problems) output.writeError(problem);
  await output.end(1);
}

async function print(text: string): Promise<never> {
  output.log.write(text);
  return output.end(0);
}

/** Checks for what options of Node.js or a limit of the address space may disable. Throws `ConfigError`. */
function checkRuntime(): void {
  try {
    Function('');
    new WebAssembly.Memory({ initial: 1 });
  } catch (error) {
    throw new ConfigError([`${(error as Error).message}. ${RUNTIME}`]);
  }
  const { NODE_EXTRA_CA_CERTS: authorities } = process.env;
  if (authorities && !wasSetAtStart(authorities)) throw new ConfigError([CERTIFICATES_IGNORED]);
}

/** Node.js reads its own variables when it starts, and `--env-file` later. True where `/proc` does not show what was set. */
function wasSetAtStart(value: string): boolean {
  try {
    return readFileSync('/proc/self/environ', 'utf8').split('\0').includes(`NODE_EXTRA_CA_CERTS=${value}`);
  } catch {
    return true;
  }
}

/** Finds problems that appear only at the start and not when the configuration is read. Rejects with `ConfigError`. */
async function checkParts({ explorer, emulator, listen, admin }: Config): Promise<void> {
  const { checkGraphiql } = await import('./http/graphiql.ts');
  const { checkListener } = await import('./http/app.ts');
  const { checkStore } = emulator ? await import('./emulator/emulator.ts') : {};
  const checks = await Promise.allSettled([
    Promise.resolve().then(() => checkGraphiql(explorer)),
    checkListener(listen),
    admin && checkListener(admin, 'ADMIN_'),
    emulator && checkStore?.(emulator),
    emulator && checkListener(emulator, 'EMULATOR_'),
  ]);
  const problems = checks.flatMap((check) => (check.status === 'rejected' ? problemsOf(check.reason) : []));
  if (problems.length > 0) throw new ConfigError(problems);
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  // Compared by name, because the class of this error is loaded only with the emulator.
  if (error instanceof Error && error.name === 'EmulatorError') return [error.message];
  // Any other error is a mistake in the code, whose place the stack shows.
  return [error instanceof Error && error.stack ? error.stack : String(error)];
}
