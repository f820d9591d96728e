import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { within } from './until.ts';

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The built gateway as a process of its own. */
export interface GatewayProcess {
  readonly child: ChildProcess;
  /** Everything it wrote so far, to stdout and stderr. */
  output(): string;
  /** Resolves when `pattern` was written; rejects when the process ends before, and after 100 s. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves to the URL of its GraphQL endpoint when it listens. */
  listening(): Promise<string>;
  /** Resolves to the exit code, or to the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Ends it and its workers at once, also those that are suspended. */
  kill(): Promise<void>;
}

/**
 * Starts `dist/main.js` with nothing in its environment but `env`. `nodeArgs` are for Node.js itself; `command` is a
 * program with its arguments that runs the rest as its own, for example `unshare`.
 */
export function startProcess(
  env: Record<string, string>,
  { nodeArgs = [], command = [] }: { nodeArgs?: readonly string[]; command?: readonly string[] } = {},
): GatewayProcess {
  const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const;
  const [program = '', ...args] = [...command, process.execPath, ...nodeArgs, MAIN];
  return followProcess(spawn(program, args, { env, stdio: [...stdio] }));
}

/** What a gateway that was started in some other way writes, and how it ends. */
export function followProcess(child: ChildProcess): GatewayProcess {
  let text = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
      for (const listener of listeners) listener();
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const written = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const check = () => {
        const match = pattern.exec(text);
        if (!match) return;
        listeners.delete(check);
        resolve(match);
      };
      listeners.add(check);
      ended.then((code) => reject(new Error(`ended with ${code}: ${text}`)));
      check();
    });
  const until = (pattern: RegExp) => within(written(pattern), () => `${pattern} in: ${text}`);
  return {
    child,
    output: () => text,
    ended,
    until,
    listening: async () => (await until(/listening on (http:\S+\/graphql)/))[1] as string,
    async kill() {
      // A worker that is suspended would outlive its primary process, and keep the output open.
      const workers = childrenOf(child);
      child.kill('SIGKILL');
      for (const pid of workers) killIfAlive(pid);
      await within(ended, () => 'a killed process ended');
    },
  };
}

/** Process ids of the workers that it has now. */
export function childrenOf({ pid, exitCode, signalCode }: ChildProcess): number[] {
  if (pid === undefined || exitCode !== null || signalCode !== null || process.platform !== 'linux')
    return [];
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with its primary process.
  }
}
