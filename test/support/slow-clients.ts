import type { Socket } from 'node:net';
import { openConnection, type RawAnswer, readToEnd } from './raw.ts';

/** Sends `start`, then one byte of `rest` each `everyMs`, until the other side has enough. */
export async function dribble(
  origin: string,
  start: string,
  { rest, everyMs }: { rest: string; everyMs: number },
): Promise<RawAnswer> {
  const socket = await openConnection(origin);
  const answer = readToEnd(socket);
  socket.write(start);
  let at = 0;
  const timer = setInterval(() => socket.write(rest[at++ % rest.length] as string), everyMs);
  return answer.finally(() => clearInterval(timer));
}

/** Sends `request` and reads nothing. Resolves to what arrived in the end, when a further byte cannot be sent. */
export async function neverRead(origin: string, request: string): Promise<RawAnswer> {
  const socket: Socket = await openConnection(origin);
  socket.pause();
  const answer = readToEnd(socket);
  socket.write(request);
  const timer = setInterval(() => socket.write('G'), 50);
  return answer.finally(() => clearInterval(timer));
}
