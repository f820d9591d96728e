import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { openConnection, rawRequest, readToEnd } from '../support/raw.ts';
import { until } from '../support/until.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const LIST = '{ tokens(first: 1) { nodes { name } } }';
const DELETE = 'mutation { deleteToken(input: { id: "none" }) { userErrors { code } } }';

function post(document: string): string {
  const body = JSON.stringify({ query: document });
  const headers = ['authorization: Bearer demo', 'content-type: application/json'];
  return rawRequest('POST /graphql', [...headers, `content-length: ${body.length}`], body);
}

const finalOf = (text: string) => text.replaceAll('HTTP/1.1 100 Continue\r\n\r\n', '');

describe('A client that ends its side of the connection after its request (nc -N)', () => {
  it.each([
    ['a query', LIST, 'listToken' as const, '{"data":{"tokens":{"nodes":[{"name":"billing-worker"}]}}}'],
    ['a mutation', DELETE, 'deleteToken' as const, '"code":"NOT_FOUND"'],
  ])('gets the response to %s, also when IAM takes its time', async (_, document, operation, expected) => {
    gateway.emulator.faults.add({ fault: 'latency-300', operation, times: 1 });
    const socket = await openConnection(gateway.origin);
    const answer = readToEnd(socket);
    socket.end(post(document));
    const { text, end } = await answer;
    expect([end, finalOf(text).slice(0, 15)]).toEqual(['closed', 'HTTP/1.1 200 OK']);
    expect(text).toContain(expected);
  });

  it('gets the responses to all of its requests', async () => {
    gateway.emulator.faults.add({ fault: 'latency-300', operation: 'listToken', times: 1 });
    const socket = await openConnection(gateway.origin);
    const answer = readToEnd(socket);
    socket.end(`${post(LIST)}${post('{ __typename }')}`.replaceAll('connection: close\r\n', ''));
    const { text } = await answer;
    expect(finalOf(text).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    expect(text).toContain('{"__typename":"Query"}');
  });
});

describe('The read of a client that leaves is cancelled', () => {
  const leave = (socket: Socket) => void socket.destroy();
  it.each([
    ['by closing its connection', post(LIST), leave],
    ['by resetting it', post(LIST), (socket: Socket) => void socket.resetAndDestroy()],
    ['and speaks HTTP/1.0', post(LIST).replace('HTTP/1.1', 'HTTP/1.0'), leave],
    ['with two requests', post(LIST) + post(LIST), leave],
  ])('%s', async (_, request, end) => {
    gateway.forgetCalls();
    const before = gateway.log().split('"code":"ABORTED"').length;
    gateway.emulator.faults.add({ fault: 'hang', operation: 'listToken', times: 1 });
    const socket = await openConnection(gateway.origin);
    socket.write(request);
    await until(() => gateway.calls().length > 0);
    end(socket);
    await once(socket, 'close');
    await until(() => gateway.log().split('"code":"ABORTED"').length > before);
    expect(gateway.calls()).toHaveLength(1);
  });
});
