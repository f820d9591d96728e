import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A name server that gives the same answer for all names. */
export interface DnsServer {
  /** IPv4 addresses to answer with; IPv6 questions are answered with none. */
  addresses: string[];
  /** Questions about names with this part get no answer. */
  silent: string | undefined;
  delayMs: number;
  /** Questions since the start. */
  readonly questions: () => number;
  close(): void;
}

const TYPE_A = 1;

/** Listens on port 53 of `host`, by UDP. */
export async function startDnsServer(host: string, addresses: string[]): Promise<DnsServer> {
  const socket = createSocket('udp4');
  let questions = 0;
  let isClosed = false;
  const server: DnsServer = {
    addresses,
    silent: undefined,
    delayMs: 0,
    questions: () => questions,
    close() {
      isClosed = true;
      socket.close();
    },
  };
  socket.on('message', (question, { port, address }) => {
    questions++;
    if (server.silent && question.includes(server.silent)) return;
    const reply = answer(question, server.addresses);
    setTimeout(() => isClosed || socket.send(reply, port, address), server.delayMs);
  });
  socket.bind(53, host);
  await once(socket, 'listening');
  return server;
}

/** RFC 1035 section 4: the header and the question come back, with one record for each address, valid for no time. */
function answer(question: Buffer, addresses: readonly string[]): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const type = question.readUInt16BE(end - 4);
  const records = type === TYPE_A ? addresses.map(toRecord) : [];
  const reply = Buffer.concat([question.subarray(0, end), ...records]);
  reply.writeUInt16BE(0x8180, 2);
  reply.writeUInt16BE(records.length, 6);
  reply.writeUInt32BE(0, 8);
  return reply;
}

function toRecord(address: string): Buffer {
  const head = [0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4];
  return Buffer.from([...head, ...address.split('.').map(Number)]);
}
