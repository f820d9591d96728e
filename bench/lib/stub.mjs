/**
 * The upstream of all gateways, as its own process. It parses HTTP/1.1 from the socket and keeps each response as bytes:
 * with `node:http` it would use more CPU than the faster gateways and limit the measurement.
 *
 * IPC messages: `{ set: { tokens, latencyMs } }` returns `{}`; `{ take: 'calls' }` returns the number of calls since then.
 */
import { createServer } from 'node:net';
import { createProject, createToken, PROJECTS_PER_TOKEN, tokenId } from './data.mjs';

const settings = { tokens: 100, latencyMs: 0 };
/** Responses by path. There are no more than tokens and pages. */
const answers = new Map();
let calls = 0;
let created = 0;

const server = createServer({ noDelay: true }, serve).listen(0, '127.0.0.1', 1024, () => {
  process.send({ port: server.address().port });
});
process.on('disconnect', () => process.exit());
process.on('message', ({ set, take }) => {
  if (set) {
    Object.assign(settings, set);
    answers.clear();
  }
  process.send(take ? { calls } : {});
  if (take) calls = 0;
});

function serve(socket) {
  let received = '';
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    received += chunk;
    const request = readRequest(received);
    if (!request) return;
    received = '';
    calls++;
    const answer = answerTo(request);
    if (settings.latencyMs === 0) socket.write(answer);
    else setTimeout(() => socket.write(answer), settings.latencyMs);
  });
}

/** The request, or undefined until it is complete. Requests are not pipelined. */
function readRequest(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [method, path] = text.slice(0, text.indexOf('\r\n')).split(' ');
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const isComplete = method === 'GET' || body.length >= lengthOf(head);
  return isComplete ? { method, path, head, body } : undefined;
}

function lengthOf(head) {
  return Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
}

function answerTo({ method, path, head, body }) {
  if (!/\r\nauthorization: *\S/i.test(head)) return toHttp('403 Forbidden', { name: 'ForbiddenError' });
  if (method === 'POST') return toHttp('200 OK', create(JSON.parse(body)));
  let answer = answers.get(path);
  if (!answer) {
    answer = toHttp('200 OK', read(new URL(path, 'http://stub')));
    answers.set(path, answer);
  }
  return answer;
}

function toHttp(status, value) {
  const body = Buffer.from(JSON.stringify(value));
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${body.length}`,
    'connection: keep-alive',
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

function create({ name, authenticationMethod }) {
  created++;
  return { ...createToken(tokenId(created)), name, authenticationMethod };
}

function read({ pathname, searchParams }) {
  const [, id, projects] = /^\/iam\/v1\/tokens(?:\/([^/]+)(\/projects)?)?$/.exec(pathname) ?? [];
  if (projects) {
    const { items, ...next } = page(PROJECTS_PER_TOKEN, searchParams, (index) => createProject(id, index));
    return { projects: items, ...next };
  }
  if (id) return createToken(id);
  const { items, ...next } = page(settings.tokens, searchParams, (index) => createToken(tokenId(index)));
  return { tokens: items, ...next };
}

/** A start key is the number of the last item before the page. */
function page(total, searchParams, toItem) {
  const start = Number(searchParams.get('exclusiveStartKey') ?? -1) + 1;
  const end = Math.min(total, start + Number(searchParams.get('limit') ?? 100));
  const items = Array.from({ length: end - start }, (_, index) => toItem(start + index));
  return end < total ? { items, lastEvaluatedKey: String(end - 1) } : { items };
}
