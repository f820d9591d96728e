import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { catchSignals } from './signals.ts';
import { describeBug } from './telemetry/describe-error.ts';
import { openOutput } from './telemetry/output.ts';
import { reportToPrimary, WORKER_VARIABLE, type WorkerSettings } from './worker.ts';

// Before the rest of the program is loaded, so that no signal is missed meanwhile and nothing blocks on stdout.
const output = openOutput();
const signals = catchSignals();

// Node's own report would print the error with all its members: a request's headers, for one.
let reportCrash = (event: string, error: unknown) =>
  output.complain(`${event}: ${JSON.stringify(describeBug(error))}`);
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    reportCrash(event, error);
    void output.end(1);
  });
}

try {
  const { runGateway } = await import('./gateway.ts');
  await runGateway({
    env: process.env,
    version: readVersion(),
    output,
    signals,
    worker: readWorkerSettings(),
    onCrash: (report) => {
      reportCrash = report;
    },
  });
} catch (error) {
  // One line per problem, and no stack: what is wrong is in the environment, not in the code.
  const problems = problemsOf(error);
  // The primary process writes what its workers report: all of them may have the same problem.
  if (cluster.isWorker) await reportToPrimary({ kind: 'problems', problems });
  else for (const problem of problems) output.complain(problem);
  await output.end(1);
}

function problemsOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)];
  return 'problems' in error ? (error.problems as readonly string[]) : [error.message];
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}

function readWorkerSettings(): WorkerSettings | undefined {
  return cluster.isWorker ? JSON.parse(process.env[WORKER_VARIABLE] ?? '') : undefined;
}
