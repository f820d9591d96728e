import type { IncomingMessage } from 'node:http';

/** AWS API Gateway takes no more. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** The whole body as text; undefined if it is too large. Rejects if the client goes before its end. */
export async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString() : undefined;
}

/** JSON where it parses, the text where it does not, undefined where there is none. */
export function toRecordedBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `Bearer x` and bare `x` are the same; with blanks inside, or empty, it is no credential. */
export function readBearer(
  authorization: string | undefined,
): { bearer: string; fault?: string } | undefined {
  const bearer = authorization?.trim().replace(/^bearer(\s+|$)/i, '') ?? '';
  if (bearer === '' || /\s/.test(bearer)) return undefined;
  const tilde = bearer.lastIndexOf('~');
  return tilde < 1 ? { bearer } : { bearer: bearer.slice(0, tilde), fault: bearer.slice(tilde + 1) };
}
