import { createServer } from 'node:http';
import { createServer as createTcpServer, type LookupFunction } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConnect, createLookup } from '../../../src/upstream/connect.ts';
import { createGotTransport } from '../../../src/upstream/got-transport.ts';
import { createUndiciTransport, type Transport } from '../../../src/upstream/transport.ts';
import { listen } from '../../support/tcp-servers.ts';

const TEXT = JSON.stringify({ text: 'x'.repeat(10_000) });
const lookup = createLookup();
const LIMITS = { timeoutMs: 5000, maxBytes: 1000 };

const server = createServer((request, response) => {
  if (request.url === '/compressed')
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(TEXT));
  else if (request.url === '/switched')
    response.writeHead(101, { connection: 'upgrade', upgrade: 'x' }).flushHeaders();
  else if (request.url === '/moved') response.writeHead(307, { location: '/error' }).end();
  else if (request.url === '/error')
    response.writeHead(502, { 'content-encoding': 'gzip' }).end(gzipSync('no'));
  else if (request.url === '/long') response.writeHead(200, { 'content-length': TEXT.length }).end(TEXT);
  else {
    // In pieces, so that its length is not known before.
    response.write(TEXT.slice(0, 100));
    response.end(TEXT.slice(100));
  }
});
/** What the server could not read. Node.js would respond 400 to it, which a test takes for the response of the path. */
const unreadable: string[] = [];
server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
  if (error.code !== 'ECONNRESET') unreadable.push(`${error.code} ${error.rawPacket?.toString('latin1')}`);
  socket.destroy();
});
let origin: string;
beforeAll(async () => {
  origin = `http://127.0.0.1:${await listen(server)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  expect(unreadable).toEqual([]);
});

type Closable = Transport & { close?(): Promise<void> };

describe.each(['undici, for the API', 'got, for signing in'])('The transport by %s', (title) => {
  const createTransport = (): Closable =>
    title.startsWith('got')
      ? createGotTransport({ connectTimeoutMs: 1000, lookup })
      : createUndiciTransport({
          origin,
          connectTimeoutMs: 1000,
          idleSocketMs: 1000,
          connectionMaxAgeMs: 60_000,
          lookup,
        });
  const get = async (path: string, limits: Partial<typeof LIMITS> = {}) => {
    const transport = createTransport();
    try {
      return await transport({ method: 'GET', url: origin + path, headers: {}, ...LIMITS, ...limits });
    } finally {
      await transport.close?.();
    }
  };

  it.each(['/long', '/pieces'])('rejects a response that is too long (%s)', (path) =>
    expect(get(path)).rejects.toMatchObject({
      kind: 'invalid-response',
      message: 'response larger than 1000 bytes',
    }),
  );

  it.each(['/long', '/pieces'])('reads a response of the maximum length (%s)', async (path) => {
    expect((await get(path, { maxBytes: TEXT.length })).body).toBe(TEXT);
  });

  it('rejects a compressed response, and reads no more of it', () =>
    expect(get('/compressed')).rejects.toMatchObject({
      kind: 'invalid-response',
      message: 'a compressed response',
    }));

  it('reports the status of an error, compressed or not', async () => {
    expect((await get('/error')).status).toBe(502);
  });

  it('rejects a switch to another protocol', () =>
    expect(get('/switched')).rejects.toMatchObject({ name: 'UpstreamError' }));

  it('follows no redirect, which would take the credential to another place', async () => {
    expect((await get('/moved')).status).toBe(307);
  });
});

describe('A response that arrives byte by byte', () => {
  it('takes no more memory than its text', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const length = 300_000;
    let end = () => {};
    const slow = createTcpServer((socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(length)}`);
        end = () => socket.write('0\r\n\r\n');
      });
    });
    const url = `http://127.0.0.1:${await listen(slow)}`;
    const limits = { connectTimeoutMs: 1000, idleSocketMs: 1000, connectionMaxAgeMs: 60_000, lookup };
    const transport = createUndiciTransport({ ...limits, origin: url });
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    // A busy machine takes a while to read so many pieces.
    const patient = { timeoutMs: 60_000, maxBytes: length };
    const response = transport({ method: 'GET', url: `${url}/`, headers: {}, ...patient });
    // All but the end arrives.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10 * length);
    end();
    expect((await response).body).toBe('x'.repeat(length));
    await transport.close();
    slow.close();
  });
});

/** `iam.example` is this machine, which takes longer to find out than a connection may take. */
const slowLookup: LookupFunction = (_host, _options, callback) => {
  setTimeout(callback, 600, null, [{ address: '127.0.0.1', family: 4 }]);
};

describe('Finding the address of a host', () => {
  const limits = {
    connectTimeoutMs: 500,
    idleSocketMs: 1000,
    connectionMaxAgeMs: 60_000,
    lookup: slowLookup,
  };
  it.each<[string, (named: string) => Closable]>([
    ['undici', (named: string) => createUndiciTransport({ origin: named, ...limits })],
    ['got', () => createGotTransport(limits)],
  ])('is not part of the time to connect (%s)', async (_title, createTransport) => {
    const named = origin.replace('127.0.0.1', 'iam.example');
    const transport = createTransport(named);
    const response = await transport({ method: 'GET', url: `${named}/error`, headers: {}, ...LIMITS });
    expect(response.status).toBe(502);
    await transport.close?.();
  });

  it.each<[string, (given: typeof limits) => Closable]>([
    ['undici', (given) => createUndiciTransport({ origin: 'http://iam.example', ...given })],
    ['got', createGotTransport],
  ])('that takes longer than the request, counts as no connection (%s)', async (_title, createTransport) => {
    const transport = createTransport({ ...limits, lookup: () => {} });
    const request = {
      method: 'GET',
      url: 'http://iam.example/',
      headers: {},
      ...LIMITS,
      timeoutMs: 100,
    } as const;
    await expect(transport(request)).rejects.toMatchObject({ kind: 'timeout', code: 'ETIMEDOUT' });
    await transport.close?.();
  });
});

describe('A connection', () => {
  const countConnections = async (connectionMaxAgeMs: number) => {
    const limits = { connectTimeoutMs: 1000, idleSocketMs: 60_000, lookup };
    const transport = createUndiciTransport({ ...limits, origin, connectionMaxAgeMs });
    const opened: number[] = [];
    const listener = () => opened.push(performance.now());
    server.on('connection', listener);
    for (let round = 0; round < 5; round++) {
      await transport({ method: 'GET', url: `${origin}/error`, headers: {}, ...LIMITS });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    server.off('connection', listener);
    await transport.close?.();
    return opened.length;
  };

  it('serves one request after another', async () => {
    expect(await countConnections(60_000)).toBe(1);
  });

  const standStill = (ms: number) => {
    const endsAt = performance.now() + ms;
    while (performance.now() < endsAt);
  };

  it('that opened while the process stood still is used', async () => {
    const opened = createConnect(origin, lookup, 50)();
    opened.catch(() => undefined);
    for (let turn = 0; turn < 10; turn++) await undefined;
    await new Promise<void>((resolve) => {
      // After the one in which Node.js begins to connect.
      process.nextTick(() => {
        standStill(200);
        resolve();
      });
    });
    (await opened).destroy();
  });

  it('for signing in that opened while the process stood still is used, and not the next address', async () => {
    const found = ['127.0.0.1', '255.255.255.255'].map((address) => ({ address, family: 4 }));
    const lookupFixed: LookupFunction = (_host, _options, callback) => {
      callback(null, found);
      process.nextTick(() => standStill(300));
    };
    const transport = createGotTransport({ connectTimeoutMs: 30_000, lookup: lookupFixed });
    const url = `${origin.replace('127.0.0.1', 'iam.example')}/error`;
    expect((await transport({ method: 'GET', url, headers: {}, ...LIMITS })).status).toBe(502);
  });

  it('that no address accepts fails as the first address does', async () => {
    const codeOf = (...addresses: string[]) => {
      const found = addresses.map((address) => ({ address, family: 4 }));
      const lookupFixed: LookupFunction = (_host, _options, callback) => callback(null, found);
      return createConnect('http://iam.example:1', lookupFixed, 5000)().then(
        () => 'open',
        ({ code }) => code,
      );
    };
    // Nothing listens at the one; the other is no host.
    const codes = [await codeOf('127.0.0.1'), await codeOf('255.255.255.255')];
    expect(new Set(codes).size).toBe(2);
    expect(await codeOf('127.0.0.1', '255.255.255.255')).toBe(codes[0]);
    expect(await codeOf('255.255.255.255', '127.0.0.1')).toBe(codes[1]);
  });

  it('serves none past its age', async () => {
    expect(await countConnections(40)).toBe(5);
  });
});
