import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The built gateway as a process of its own. */
export interface GatewayProcess {
  readonly child: ChildProcess;
  /** Everything it wrote so far, to stdout and stderr. */
  output(): string;
  /** Resolves when `pattern` was written; rejects when the process ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves to the exit code, or to the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
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
  return {
    child,
    output: () => text,
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const match = pattern.exec(text);
          if (!match) return;
          listeners.delete(check);
          resolve(match);
        };
        listeners.add(check);
        ended.then((code) => reject(new Error(`ended with ${code}: ${text}`)));
        check();
      }),
  };
}
