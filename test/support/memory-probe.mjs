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
  // A line of the log may be on its way to the disk at any time.
  const held = process.getActiveResourcesInfo().filter((name) => name !== 'FSReqCallback');
  for (const name of held) resources[name] = (resources[name] ?? 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const sockets = resources.TCPSocketWrap ?? 0;
  process.send({ heapMb: heapUsed / 2 ** 20, rssMb: rss / 2 ** 20, sockets, listeners, resources });
});
process.channel.unref();
