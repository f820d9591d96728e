import { createServer, type ServerResponse } from 'node:http';
import { stateOf } from '../../src/emulator/seed.ts';
import { listen } from './tcp-servers.ts';

interface Item {
  readonly id: string;
}

/** An IAM API whose lists a test can change anywhere, which the emulator, like the real API, cannot. */
export interface ListApi {
  readonly url: string;
  /** The ids of the tokens, in order. */
  tokens: string[];
  /** The ids of the projects of every token, in order. */
  projects: string[];
  /** The most items of a page, whatever limit is requested. */
  largestPage: number;
  /** The JSON text of the key that leads behind an id. */
  printKey: (id: string) => string;
  /** Changes the JSON text of every response. */
  change: (text: string) => string;
  /** The JSON text that every write is rejected with. */
  rejection: string;
  /** `limit` and start key of each list request. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Pages as DynamoDB does: a key says behind which id a page begins, and it is there when the limit cut the page. */
export async function startListApi(): Promise<ListApi> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET') {
      response.writeHead(400, { 'content-type': 'application/json' }).end(api.rejection);
      return;
    }
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    const list = /\/(tokens|projects)$/.exec(pathname)?.[1];
    if (list === undefined) return send(response, toToken(pathname.split('/').at(-1) ?? ''));
    const limit = Number(searchParams.get('limit'));
    const key = searchParams.get('exclusiveStartKey');
    api.requests.push(key === null ? `${limit}` : `${limit} ${key}`);
    send(response, printPage(api, list, limit, key));
  });
  const send = (response: ServerResponse, body: Item | string) => {
    const text = api.change(typeof body === 'string' ? body : JSON.stringify(body));
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  };
  const api: ListApi = {
    url: `http://127.0.0.1:${await listen(server)}`,
    tokens: [],
    projects: [],
    largestPage: 100,
    printKey: (id) => JSON.stringify(`behind-${id}`),
    change: (text) => text,
    rejection: '{}',
    requests: [],
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return api;
}

function printPage(api: ListApi, list: string, limit: number, key: string | null): string {
  const ids = list === 'tokens' ? api.tokens : api.projects;
  const start = key === null ? 0 : ids.findIndex((id) => JSON.parse(api.printKey(id)) === key) + 1;
  const size = Math.min(limit, api.largestPage);
  const page = ids.slice(start, start + size);
  const items = page.map(list === 'tokens' ? toToken : toProject);
  const last = page.length === size ? page.at(-1) : undefined;
  const next = last === undefined ? '' : `,"lastEvaluatedKey":${api.printKey(last)}`;
  return `{"${list}":${JSON.stringify(items)}${next}}`;
}

function toToken(id: string): Item {
  const [stored] = stateOf({ principals: { demo: { tokens: [{ id, name: `token ${id}` }] } } }).tokens;
  return stored?.token as Item;
}

function toProject(id: string): Item {
  const token = { id: 'owner', name: 'owner', projects: [{ id, name: `project ${id}` }] };
  const [stored] = stateOf({ principals: { demo: { tokens: [token] } } }).tokens;
  return stored?.memberships[0]?.project as Item;
}
