import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts the stub on the core of this process. It ends with this process. */
export async function startUpstream() {
  const child = fork(fileURLToPath(new URL('./stub.mjs', import.meta.url)));
  const [{ port }] = await once(child, 'message');
  const ask = async (message) => {
    child.send(message);
    const [answer] = await once(child, 'message');
    return answer;
  };
  return {
    /** The URL of the Affinidi API for the gateways. */
    url: `http://127.0.0.1:${port}`,
    /** Sets the number of tokens of every caller, and the latency of calls. */
    set: (settings) => ask({ set: settings }),
    /** The number of calls since this was last called. */
    takeCalls: async () => (await ask({ take: 'calls' })).calls,
  };
}
