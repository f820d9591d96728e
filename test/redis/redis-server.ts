import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { freePort } from '../support/free-port.ts';
import type { Certificate } from '../support/tcp-servers.ts';

/** A `redis-server` of its own, which keeps nothing on disk. */
export interface RedisServer {
  readonly url: string;
  /** Stops answering without closing anything, until `resume`. */
  suspend(): void;
  resume(): void;
  /** By SIGKILL: connections break and all is forgotten. */
  kill(): Promise<void>;
  /** On the same port, unless it runs. */
  start(): Promise<void>;
  /** Whether it has no room for one entry more. */
  fill(isFull: boolean): Promise<void>;
  /** Sends a command, by `redis-cli`. */
  command(...args: string[]): Promise<string>;
}

/** What `redis-cli` prints. Rejects when the server returns an error, or is not there. */
export async function redisCli(port: number, args: readonly string[]): Promise<string> {
  const cli = spawn('redis-cli', ['-e', '-p', String(port), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(cli, 'close');
  const [output, problem] = await Promise.all([text(cli.stdout), text(cli.stderr)]);
  const [code] = await closed;
  if (code !== 0) throw new Error(`redis-cli ${args.join(' ')}: ${output}${problem}`);
  return output.trim();
}

export function toTlsArguments({ file, keyFile }: Certificate): string[] {
  const files = ['--tls-cert-file', file, '--tls-key-file', keyFile, '--tls-ca-cert-file', file];
  return [...files, '--tls-auth-clients', 'no'];
}

export async function startRedis({
  password,
  certificate,
}: {
  password?: string;
  certificate?: Certificate;
} = {}): Promise<RedisServer> {
  const port = await freePort();
  const plain = ['--port', String(port)];
  const secure = certificate && [
    ...['--port', '0', '--tls-port', String(port), ...toTlsArguments(certificate)],
  ];
  const scheme = certificate ? 'rediss' : 'redis';
  let child: ChildProcess;
  let ended: Promise<unknown> | undefined;
  const start = async () => {
    if (ended) return;
    const args = [
      ...(secure ?? plain),
      ...['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1'],
      ...(password ? ['--requirepass', password] : []),
    ];
    child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    ended = once(child, 'exit');
    let output = '';
    for await (const chunk of child.stdout ?? []) {
      output += chunk;
      if (output.includes('Ready to accept connections')) return;
    }
    throw new Error(`redis-server does not start: ${output}`);
  };
  await start();
  const command = (...args: string[]) => redisCli(port, args);
  return {
    url: `${scheme}://${password ? `:${password}@` : ''}127.0.0.1:${port}`,
    start,
    suspend: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL');
      await ended;
      ended = undefined;
    },
    async fill(isFull) {
      await command('config', 'set', 'maxmemory', isFull ? '1' : '0');
    },
    command,
  };
}
