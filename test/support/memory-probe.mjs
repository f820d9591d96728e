// Loaded into a gateway under test by `--expose-gc --import`. At each message it tells its parent what the process holds
// after a collection.
import { setImmediate as nextTurn } from 'node:timers/promises';

process.on('message', async () => {
  // What the first collection finalizes is freed by the second.
  for (let round = 0; round < 2; round++) {
    globalThis.gc();
    await nextTurn();
  }
  const { heapUsed, rss } = process.memoryUsage();
  const resources = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const sockets = resources.TCPSocketWrap ?? 0;
  process.send({ heapMb: heapUsed / 2 ** 20, rssMb: rss / 2 ** 20, sockets, listeners, resources });
});
process.channel.unref();
