import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
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
  /** Has no room for one entry more, until told otherwise. */
  fill(isFull: boolean): Promise<void>;
}

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  let child: ChildProcess;
  const start = async () => {
    const args = ['--port', String(port), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1'];
    child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    for await (const chunk of child.stdout ?? []) {
      text += chunk;
      if (text.includes('Ready to accept connections')) break;
    }
    child.stdout?.destroy();
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    suspend: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    async fill(isFull) {
      const cli = spawn('redis-cli', ['-p', String(port), 'config', 'set', 'maxmemory', isFull ? '1' : '0']);
      await once(cli, 'exit');
    },
  };
}
