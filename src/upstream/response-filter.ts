import type { Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
/** An interim response with a longer head goes to the parser, which rejects it. */
const MAX_HEAD_BYTES = 16 * 1024;
const NO_BYTES = Buffer.alloc(0);
/** The framing of a body that is sent in chunks of one byte takes five bytes for each (RFC 9112 section 7.1). */
const MAX_FRAMING = 6;

/**
 * Filters what undici reads from `socket`. Ends the connection when a response does not end, for example with interim
 * responses or chunk extensions.
 *
 * Removes interim responses (`100 Continue`, `103 Early Hints`). A client must skip those that it did not request (RFC 9110
 * section 15.2), but undici treats a 100 as a broken connection: a read would fail, and a write that IAM has executed would
 * have an unknown outcome. `101` is not removed: undici reports it as an error.
 *
 * Call the function that it returns before a request is written, with the most bytes that the body of the response may
 * have: the next bytes begin a response.
 *
 * The filter replaces `socket.read`, by which undici reads. It costs two comparisons for each read, where a stream in
 * between would copy every byte.
 */
export function filterResponses(socket: Socket): (maxBytes: number) => void {
  const readSocket = socket.read.bind(socket);
  let bytesLeft = Number.POSITIVE_INFINITY;
  const read = (size?: number): Buffer | null => {
    const chunk: Buffer | null = readSocket(size);
    bytesLeft -= chunk?.length ?? 0;
    if (bytesLeft >= 0) return chunk;
    socket.destroy(Object.assign(new Error('the response does not end'), { code: 'ENDLESS_RESPONSE' }));
    return null;
  };
  // The bytes since the beginning of a response, while they may be those of an interim one; then undefined.
  let held: Buffer | undefined;
  socket.read = (size?: number) => {
    let chunk = read(size);
    while (held && chunk !== null) {
      const bytes = dropInterim(held === NO_BYTES ? chunk : Buffer.concat([held, chunk]));
      held = isForParser(bytes) ? undefined : bytes;
      if (!held) return bytes;
      chunk = read(size);
    }
    return chunk;
  };
  return (maxBytes) => {
    held = NO_BYTES;
    bytesLeft = MAX_FRAMING * maxBytes + 4 * MAX_HEAD_BYTES;
  };
}

/** Whether `bytes` go to the parser: no interim response begins here, or one with too long a head. */
function isForParser(bytes: Buffer): boolean {
  return bytes.length > MAX_HEAD_BYTES || !mayBeInterim(bytes);
}

/** `bytes` without the complete interim responses at their beginning. */
function dropInterim(bytes: Buffer): Buffer {
  let rest = bytes;
  while (mayBeInterim(rest)) {
    const end = rest.indexOf(HEAD_END);
    if (end < 0) break;
    rest = rest.subarray(end + HEAD_END.length);
  }
  return rest;
}

/** Whether an interim response begins here. An incomplete status line is completed with that of a 100. */
function mayBeInterim(bytes: Buffer): boolean {
  // The first digit of the status decides for nearly every response.
  if (bytes.length > 9 && bytes[9] !== ONE) return false;
  const statusLine = bytes.toString('latin1', 0, CONTINUE.length) + CONTINUE.slice(bytes.length);
  return /^HTTP\/1\.[01] 1(?!01)\d\d$/.test(statusLine);
}

const CONTINUE = 'HTTP/1.1 100';
const ONE = '1'.charCodeAt(0);
