import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLookup } from '../../src/upstream/connect.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { timed } from '../support/stopwatch.ts';
import { listen } from '../support/tcp-servers.ts';

type Answer = dns.LookupAddress[] | 'ENOTFOUND' | 'EAI_AGAIN';
type Callback = (error: Error | null, addresses: dns.LookupAddress[]) => void;

const original = dns.lookup;
const V4 = { address: '127.0.0.1', family: 4 };

const createResolve = (options: Parameters<typeof createLookup>[0]) => {
  const lookup = createLookup(options);
  return (host: string) => promisify(lookup)(host, { all: true });
};

/**
 * `dns.lookup` for `iam.example`: `answers` one after another, the last one for ever; two at a time, as libuv does. Each
 * takes some milliseconds, or as long as a promise.
 */
function replaceLookup(delay: number | Promise<void>, answers: Answer[]): { count: () => number } {
  let count = 0;
  let running = 0;
  const queue: (() => void)[] = [];
  const next = () => {
    if (running >= 2) return;
    const run = queue.shift();
    if (!run) return;
    running++;
    const end = () => {
      running--;
      run();
      next();
    };
    if (typeof delay === 'number') setTimeout(end, delay).unref();
    else void delay.then(end);
  };
  const lookup = (host: string, options: object, callback: Callback) => {
    if (host !== 'iam.example') return original(host, options as { all: true }, callback);
    const answer = answers[Math.min(count, answers.length - 1)] as Answer;
    count++;
    queue.push(() => {
      if (typeof answer === 'string') callback(Object.assign(new Error(answer), { code: answer }), []);
      else callback(null, answer);
    });
    next();
  };
  Object.assign(dns, { lookup });
  return { count: () => count };
}

/** An API without tokens, on 127.0.0.1 alone. */
async function startApi() {
  const server = createServer((_request, response) => {
    response.writeHead(200).end('{"tokens": []}');
  });
  const port = await listen(server);
  return { server, port, url: `http://iam.example:${port}` };
}

/** Listens on `addresses` and accepts nothing: further connections get no response, as behind a firewall. */
async function holdPort(port: number, addresses: readonly string[]): Promise<() => void> {
  const code = `
    const { createServer } = require('node:net');
    let left = ${addresses.length};
    for (const host of ${JSON.stringify(addresses)})
      createServer().listen({ host, port: ${port}, backlog: 1 }, () => {
        if (--left > 0) return;
        require('node:fs').writeSync(1, 'listening');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  // They fill the queues of the system.
  const sockets = addresses.flatMap((host) =>
    [1, 2, 3].map(() => connect({ host, port }).on('error', () => {})),
  );
  return () => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
  };
}

/** Runs `work` after so many turns of the queues that Node.js empties before it reads from the network. */
function afterTurns(turns: number, work: () => void): void {
  if (turns === 0) work();
  else process.nextTick(() => queueMicrotask(() => afterTurns(turns - 1, work)));
}

let api: Awaited<ReturnType<typeof startApi>>;
let gateway: Gateway | undefined;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  Object.assign(dns, { lookup: original });
  await gateway?.close();
  gateway = undefined;
  api.server.closeAllConnections();
  api.server.close();
});

const env = { ALLOW_INSECURE_UPSTREAM: 'true', MAX_IN_FLIGHT_PER_PRINCIPAL: '0' };
const LIST = '{ tokens { nodes { id } } }';
const DELETE = 'mutation { deleteToken(input: { id: "a" }) { deletedTokenId } }';
const callers = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ authorization: `caller-${index}` }));

describe('Slow DNS', () => {
  it('fails none of the first 250 reads, and is queried once', async () => {
    const lookups = replaceLookup(300, [[V4]]);
    // On a busy machine 250 connections take longer than the timeouts allow.
    const patient = { ...env, REQUEST_DEADLINE_MS: '60000', UPSTREAM_READ_TIMEOUT_MS: '60000' };
    gateway = await startGateway({ apiGatewayUrl: api.url, env: patient });
    const answers = await Promise.all(callers(250).map((headers) => gateway?.query(LIST, {}, headers)));
    expect(answers.filter((answer) => answer?.errors)).toEqual([]);
    expect(lookups.count()).toBe(1);
  });

  it('is not part of the connect timeout', async () => {
    replaceLookup(500, [[V4]]);
    gateway = await startGateway({
      apiGatewayUrl: api.url,
      env: { ...env, UPSTREAM_CONNECT_TIMEOUT_MS: '200' },
    });
    expect((await gateway.query(DELETE)).errors).toBeUndefined();
  });

  it('that takes longer than the timeout of a write means that nothing was sent', async () => {
    replaceLookup(1000, [[V4]]);
    gateway = await startGateway({
      apiGatewayUrl: api.url,
      env: { ...env, UPSTREAM_WRITE_TIMEOUT_MS: '200' },
    });
    expect((await gateway.query(DELETE)).errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_TIMEOUT' });
  });

  it('leaves connections that are no longer needed to later requests', async () => {
    let find = () => {};
    const found = new Promise<void>((resolve) => {
      find = resolve;
    });
    const lookups = replaceLookup(found, [[V4]]);
    gateway = await startGateway({
      apiGatewayUrl: api.url,
      env: { ...env, REQUEST_DEADLINE_MS: '2000', UPSTREAM_RETRIES: '0' },
    });
    const late = await Promise.all(callers(20).map((headers) => gateway?.query(LIST, {}, headers)));
    expect(late.map((answer) => answer?.errors?.[0]?.extensions.code)).toEqual(
      Array(20).fill('UPSTREAM_TIMEOUT'),
    );
    find();
    expect((await gateway.query(LIST)).errors).toBeUndefined();
    expect(lookups.count()).toBe(1);
  });
});

describe('A name', () => {
  it('with several addresses is reached by the one that responds', async () => {
    replaceLookup(0, [[{ address: '127.0.0.4', family: 4 }, { address: '::1', family: 6 }, V4]]);
    gateway = await startGateway({ apiGatewayUrl: api.url, env });
    for (const document of [LIST, DELETE]) expect((await gateway.query(document)).errors).toBeUndefined();
  });

  it('is reached although the process is busy while it connects, and the other address is dead', async () => {
    replaceLookup(0, [[V4, { address: '127.0.0.4', family: 4 }]]);
    gateway = await startGateway({ apiGatewayUrl: api.url, env });
    const lookup = dns.lookup as unknown as (host: string, options: object, callback: Callback) => void;
    const lookupAndBlock = (host: string, options: object, callback: Callback) =>
      lookup(host, options, (...found) => {
        // From here, timers come before the network.
        setImmediate(() => {
          callback(...found);
          afterTurns(50, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600));
        });
      });
    Object.assign(dns, { lookup: lookupAndBlock });
    expect((await gateway.query(DELETE)).errors).toBeUndefined();
  });

  it('is reached although ten addresses before do not respond, and by later connections at once', async () => {
    const dead = Array.from({ length: 10 }, (_, index) => ({ address: `127.0.1.${index + 1}`, family: 4 }));
    const stop = await holdPort(
      api.port,
      dead.map(({ address }) => address),
    );
    try {
      replaceLookup(0, [[...dead, V4]]);
      // Each request has a connection of its own.
      gateway = await startGateway({
        apiGatewayUrl: api.url,
        env: { ...env, UPSTREAM_CONNECTION_MAX_AGE_MS: '1' },
      });
      expect((await gateway.query(LIST)).errors).toBeUndefined();
      // An attempt at one of them takes 250 ms. A busy machine may take as long for some of the requests.
      let leastMs = Number.POSITIVE_INFINITY;
      for (let tries = 0; tries < 3 && leastMs >= 200; tries++) {
        const { value, ownMs } = await timed(gateway.query(DELETE));
        expect(value.errors).toBeUndefined();
        leastMs = Math.min(leastMs, ownMs);
      }
      expect(leastMs).toBeLessThan(200);
    } finally {
      stop();
    }
  });

  it('that had no address is looked up again at once', async () => {
    replaceLookup(0, ['ENOTFOUND', 'EAI_AGAIN', [], [V4]]);
    gateway = await startGateway({ apiGatewayUrl: api.url, env: { ...env, UPSTREAM_RETRIES: '0' } });
    const codes = [];
    for (let round = 0; round < 4; round++)
      codes.push((await gateway.query(DELETE)).errors?.[0]?.extensions ?? 'ok');
    expect(codes).toEqual([...Array(3).fill({ code: 'UPSTREAM_UNAVAILABLE' }), 'ok']);
  });
});

describe('While DNS does not respond', () => {
  it('new connections use the previous address', async () => {
    let now = 0;
    const lookups = replaceLookup(0, [[V4], 'EAI_AGAIN', 'ENOTFOUND']);
    const lookUp = createResolve({ now: () => now });
    expect(await lookUp('iam.example')).toEqual([V4]);
    now += 4_999;
    expect(await lookUp('iam.example')).toEqual([V4]);
    expect(lookups.count()).toBe(1);
    now += 1;
    expect(await lookUp('iam.example')).toEqual([V4]);
    expect(lookups.count()).toBe(2);
    // And not when it says that the name is gone.
    await expect(lookUp('iam.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('requests do not wait for it', async () => {
    let now = 0;
    const lookUp = createResolve({ now: () => now });
    replaceLookup(0, [[V4]]);
    await lookUp('iam.example');
    replaceLookup(new Promise(() => {}), [[V4]]);
    now += 10_000;
    expect(await lookUp('iam.example')).toEqual([V4]);
  });
});
