import type { Socket } from 'node:net';
import { openConnection } from './raw.ts';

/** Opens connections, one after the other, and sends `text` on each. They stay open until `close`, or until the other side closes them. */
export async function openMany(
  origin: string,
  count: number,
  text = '',
): Promise<{ open(): number; close(): void }> {
  const sockets: Socket[] = [];
  let open = 0;
  for (let index = 0; index < count; index++) {
    try {
      const socket = await openConnection(origin);
      open++;
      socket.on('error', () => undefined).once('close', () => open--);
      socket.resume();
      if (text) socket.write(text);
      sockets.push(socket);
    } catch {
      // It was refused.
    }
  }
  return {
    open: () => open,
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
