import { connect, createServer, type Socket } from 'node:net';
import { listen } from '../support/tcp-servers.ts';

/** A link between a gateway and Redis that a test can hold up. What is on its way arrives later, like in a network. */
export interface SlowLink {
  readonly url: string;
  /** Nothing arrives any more, in either direction. */
  hold(): void;
  /** All that was held arrives, also what was sent on connections that the gateway has given up meanwhile. */
  release(): void;
  close(): void;
}

export async function startLink(redisUrl: string): Promise<SlowLink> {
  const { hostname, port } = new URL(redisUrl);
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let isHeld = false;
  const deliver = (step: () => void) => {
    if (isHeld) held.push(step);
    else step();
  };
  const pipe = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (chunk) => deliver(() => void to.write(chunk)));
    from.on('close', () => deliver(() => to.destroySoon()));
    from.on('error', () => {});
  };
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    pipe(near, far);
    pipe(far, near);
  });
  return {
    url: `redis://127.0.0.1:${await listen(server)}`,
    hold() {
      isHeld = true;
    },
    release() {
      isHeld = false;
      for (const step of held.splice(0)) step();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
