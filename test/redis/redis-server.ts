import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { freePort } from '../support/free-port.ts';

/** A `redis-server` of its own, which keeps nothing on disk. */
export interface RedisServer {
  readonly url: string;
  /** Stops answering without closing anything, until `resume`. */
  suspend(): void;
  resume(): void;
  /** By SIGKILL: connections break and all is forgotten. */
  kill(): Promise<void>;
  /** On the same port. */
  start(): Promise<void>;
  /** Whether it has no room for one entry more. */
  fill(isFull: boolean): Promise<void>;
  /** Sends a command, by `redis-cli`. */
  command(...args: string[]): Promise<string>;
}

/** What `redis-cli` prints. */
export async function redisCli(port: number, args: readonly string[]): Promise<string> {
  const cli = spawn('redis-cli', ['-p', String(port), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = await text(cli.stdout);
  return output.trim();
}

/** With TLS, by a certificate that vouches for itself. */
interface Certificate {
  readonly keyFile: string;
  readonly file: string;
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
    ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
    ...['--tls-cert-file', certificate.file, '--tls-key-file', certificate.keyFile],
    ...['--tls-ca-cert-file', certificate.file],
  ];
  const scheme = certificate ? 'rediss' : 'redis';
  let child: ChildProcess;
  const start = async () => {
    const args = [
      ...(secure ?? plain),
      ...['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1'],
      ...(password ? ['--requirepass', password] : []),
    ];
    child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    for await (const chunk of child.stdout ?? []) {
      output += chunk;
      if (output.includes('Ready to accept connections')) break;
    }
    child.stdout?.destroy();
  };
  await start();
  const command = (...args: string[]) => redisCli(port, args);
  return {
    url: `${scheme}://${password ? `:${password}@` : ''}127.0.0.1:${port}`,
    start,
    suspend: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    async fill(isFull) {
      await command('config', 'set', 'maxmemory', isFull ? '1' : '0');
    },
    command,
  };
}
