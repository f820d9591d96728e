import { createServer } from 'node:net';

/** Below the ports that kernels give to outgoing connections and to servers on port 0; above 10080, which browsers block. */
const FIRST = 10_100;
const LAST = 31_999;
const BLOCK_SIZE = 50;
const BLOCKS = Math.floor((LAST - FIRST) / BLOCK_SIZE);

let next = 0;
let end = 0;

/**
 * A port of 127.0.0.1 that nobody listens on, for a process that needs to know it in advance. No other process gets it by
 * chance, nor a test that runs at the same time: each takes ports of a block of its own.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    if (next === end) await takeBlock();
    const port = next++;
    if (await isFree(port)) return port;
  }
}

/** Listens on the first port of a block for as long as this process runs. Others do not take a block whose first port is in use. */
async function takeBlock(): Promise<void> {
  for (;;) {
    const first = FIRST + BLOCK_SIZE * Math.floor(Math.random() * BLOCKS);
    const guard = await listen(first);
    if (!guard) continue;
    guard.unref();
    next = first + 1;
    end = first + BLOCK_SIZE;
    return;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  return server !== undefined;
}

function listen(port: number) {
  const server = createServer();
  return new Promise<typeof server | undefined>((resolve) => {
    server.once('error', () => resolve(undefined)).listen(port, '127.0.0.1', () => resolve(server));
  });
}
