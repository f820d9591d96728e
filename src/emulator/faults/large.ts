import { once } from 'node:events';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Reply } from '../reply.ts';
import type { Exchange, FaultTable } from './fault.ts';

const MEGABYTE = 'x'.repeat(1024 * 1024);
const HUGE_MEGABYTES = 10;
const CHUNKED_MEGABYTES = 200;
const BOMB_MEGABYTES = 100;

/** The answer is larger than any real one, or says it is packed. */
export const largeFaults: FaultTable = {
  huge: async ({ answer, send }) => send(withMember(await answer(), 'padding')),
  'huge-name': async ({ answer, send }) => send(withMember(await answer(), 'name')),
  'huge-chunked': async ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for await (const part of longJson(CHUNKED_MEGABYTES)) {
      if (response.destroyed) return;
      if (!response.write(part)) await drained(response);
    }
    response.end();
  },
  badgzip: ({ response }) => {
    const body = 'this was never packed';
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    response.writeHead(200, { ...headers, 'content-length': body.length }).end(body);
  },
  gzipbomb: ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    const packed = Readable.from(longJson(BOMB_MEGABYTES)).pipe(createGzip());
    response.once('close', () => packed.destroy());
    packed.pipe(response);
  },
};

function withMember(reply: Reply, name: string): Reply {
  return { ...reply, body: { ...Object(reply.body), [name]: MEGABYTE.repeat(HUGE_MEGABYTES) } };
}

/** Valid JSON, so that only its size is wrong. */
function* longJson(megabytes: number): Generator<string> {
  yield '{"name":"';
  for (let index = 0; index < megabytes; index += 1) yield MEGABYTE;
  yield '"}';
}

/** Also when the client goes: a stream that is destroyed never drains. */
async function drained(response: Exchange['response']): Promise<void> {
  const stop = new AbortController();
  const signal = stop.signal;
  const ended = ['drain', 'close'].map((event) => once(response, event, { signal }).catch(() => undefined));
  await Promise.race(ended);
  stop.abort();
}
