import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts the stub. It is pinned where this process is, and ends with it. */
export async function startUpstream() {
  const child = fork(fileURLToPath(new URL('./stub.mjs', import.meta.url)));
  const [{ port }] = await once(child, 'message');
  const ask = async (message) => {
    child.send(message);
    const [answer] = await once(child, 'message');
    return answer;
  };
  return {
    /** What a gateway takes as the address of the Affinidi API. */
    url: `http://127.0.0.1:${port}`,
    /** How many tokens every caller has, and how long each call takes. */
    set: (settings) => ask({ set: settings }),
    /** How often it was called since this was last asked. */
    takeCalls: async () => (await ask({ take: 'calls' })).calls,
    stop: () => child.disconnect(),
  };
}
