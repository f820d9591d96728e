import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { transformFile } from '@swc/core';

const OUTPUT = path.resolve('node_modules/.cache/emulator-test');

/**
 * Node.js 20 does not run TypeScript, and `dist` may be older than the source: the emulator is translated anew, to
 * a folder from which its packages can be found. Returns the entry.
 */
export async function compileEmulator(): Promise<string> {
  const names = await readdir('src/emulator', { recursive: true });
  const shared = [
    'upstream/generated.ts',
    'text-file.ts',
    'config/read-file.ts',
    'config/urls.ts',
    'keys/jwk.ts',
  ];
  const sources = [...names.map((name) => path.join('emulator', name)), ...shared];
  await Promise.all(sources.filter((name) => name.endsWith('.ts')).map(compileFile));
  await writeFile(path.join(OUTPUT, 'package.json'), '{ "type": "module" }');
  return path.join(OUTPUT, 'emulator/main.js');
}

export interface RunningEmulator {
  readonly process: ChildProcess;
  readonly url: string;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}

/** Starts the compiled emulator on a free port; resolves when it has said where it listens. */
export async function runEmulator(entry: string, env: Record<string, string>): Promise<RunningEmulator> {
  const child = spawn(process.execPath, [entry], { env: { EMULATOR_PORT: '0', ...env } });
  let output = '';
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve) => {
    const read = (chunk: Buffer): void => {
      output += chunk;
      const [found] = /http:\/\/[\d.]+:\d+/.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    void exit.then(() => resolve(''));
  });
  return { process: child, url, output: () => output, exit };
}

async function compileFile(name: string): Promise<void> {
  // The last of these works, but the package's types do not know it.
  const jsc = {
    target: 'es2023',
    parser: { syntax: 'typescript' },
    rewriteRelativeImportExtensions: true,
  } as const;
  const { code } = await transformFile(path.join('src', name), { jsc, module: { type: 'es6' } });
  const target = path.join(OUTPUT, name.replace(/\.ts$/, '.js'));
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, code);
}
