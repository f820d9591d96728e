/**
 * A load generator that costs little CPU: it sends prepared bytes and reads only the status and the length of a response.
 * Closed loop: a connection sends its next request when it has the response to the last, so nothing queues here.
 */
import { connect } from 'node:net';

const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

/** The bytes of a GraphQL request. */
export function toRequest(path, document, authorization) {
  const body = JSON.stringify(document);
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    'accept: application/json',
    `authorization: Bearer ${authorization}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A keep-alive connection. Rejects when nothing listens. */
export async function openConnection(port) {
  const connection = createConnection(connect({ port, host: '127.0.0.1', noDelay: true }));
  await connection.opened;
  return connection;
}

/** One request on its own connection. Rejects after `timeoutMs`. */
export async function askOnce(port, request, timeoutMs = 10_000) {
  const connection = await openConnection(port);
  const timer = setTimeout(() => connection.fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return readAnswer(await connection.ask(request));
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

/** The body of a response to which a connection's `ask` resolved. */
export function readAnswer({ status, length, isChunked, bytes, bodyAt }) {
  const body = bytes().subarray(bodyAt);
  return { status, length, body: (isChunked ? joinChunks(body) : body).toString('utf8') };
}

/**
 * Sends requests on `connections` for `ms`, or a number of `requests`. `requestAt(n)` returns the bytes of the n-th request;
 * `length` is the expected length of every response, that of one which was compared in full.
 */
export async function runLoad({ port, connections, ms = Infinity, requests = Infinity, requestAt, length }) {
  const open = await openAll(port, connections);
  const tally = createTally(length);
  const startedAt = performance.now();
  const endAt = startedAt + ms;
  let next = 0;
  await Promise.all(
    open.map(async (connection) => {
      while (next < requests && performance.now() < endAt) await tally.count(connection, requestAt(next++));
    }),
  );
  const elapsedMs = performance.now() - startedAt;
  closeAll(open);
  return tally.result(elapsedMs);
}

/** All connections send the same request at once, and again when the last of them has its response. */
export async function runBursts({ port, connections, ms, requestAt, length }) {
  const open = await openAll(port, connections);
  const tally = createTally(length);
  let elapsedMs = 0;
  for (let burst = 0; elapsedMs < ms; burst++) {
    const startedAt = performance.now();
    await Promise.all(open.map((connection, index) => tally.count(connection, requestAt(burst, index))));
    elapsedMs += performance.now() - startedAt;
  }
  closeAll(open);
  return tally.result(elapsedMs);
}

function createTally(length) {
  const latencies = [];
  let failures = 0;
  return {
    async count(connection, request) {
      const askedAt = performance.now();
      const answer = await connection.ask(request);
      latencies.push(performance.now() - askedAt);
      if (answer.status !== 200 || answer.length !== length) failures++;
    },
    result: (elapsedMs) => ({
      requests: latencies.length,
      failures,
      elapsedMs,
      latencies: Float64Array.from(latencies).sort(),
    }),
  };
}

function openAll(port, count) {
  return Promise.all(Array.from({ length: count }, () => openConnection(port)));
}

function closeAll(connections) {
  for (const connection of connections) connection.close();
}

function createConnection(socket) {
  let reader;
  let settle = {};
  const fail = (error) => settle.reject?.(error);
  socket.on('data', (chunk) => {
    if (reader.take(chunk)) settle.resolve(reader.answer());
  });
  socket.on('close', () => fail(new Error('the connection was closed')));
  return {
    opened: new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.on('error', (error) => {
        reject(error);
        fail(error);
      });
    }),
    ask: (request) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        reader = createReader();
        socket.write(request);
      }),
    fail,
    close: () => socket.destroy(),
  };
}

/** Finds the end of a response. `take` returns whether it has been reached. */
function createReader() {
  const chunks = [];
  let size = 0;
  let head;
  const bytes = () => (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  const isComplete = () =>
    head.isChunked ? tailOf(chunks).equals(LAST_CHUNK) : size >= head.bodyAt + head.length;
  return {
    take(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      head ??= readHead(bytes());
      return head !== undefined && isComplete();
    },
    answer: () => ({ ...head, bytes }),
  };
}

function readHead(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.latin1Slice(0, end).toLowerCase();
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  return {
    status: Number(head.slice(9, 12)),
    bodyAt: end + 4,
    length: length === undefined ? undefined : Number(length),
    isChunked: length === undefined && head.includes('chunked'),
  };
}

/** The last bytes, which may have arrived in several chunks. */
function tailOf(chunks) {
  const last = chunks.at(-1);
  const enough = last.length >= LAST_CHUNK.length ? last : Buffer.concat(chunks.slice(-LAST_CHUNK.length));
  return enough.subarray(-LAST_CHUNK.length);
}

function joinChunks(body) {
  const parts = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.latin1Slice(at, lineEnd), 16);
    if (!size) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
