import { createServer } from 'node:http';
import { listen } from './tcp-servers.ts';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** 2: server, 3: client. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** 0: unset, 2: error. */
  readonly status: number;
}

export interface OtlpReceiver {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Of the process that sent them. */
  readonly resource: Record<string, string | number | boolean>;
  /** All that came, as text in which a secret would be found. */
  readonly raw: () => string;
  close(): Promise<void>;
}

/** A receiver of OTLP over HTTP with protobuf, on a free port. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const resource: Record<string, string | number | boolean> = {};
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    bodies.push(body);
    if (request.url === '/v1/traces') readRequest(body, spans, resource);
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    spans,
    resource,
    raw: () => Buffer.concat(bodies).toString('latin1'),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Field numbers of opentelemetry/proto/trace/v1/trace.proto. */
function readRequest(body: Buffer, spans: ReceivedSpan[], resource: Record<string, unknown>): void {
  for (const resourceSpans of messages(body, 1)) {
    for (const message of messages(resourceSpans, 1)) Object.assign(resource, readAttributes(message, 1));
    for (const scopeSpans of messages(resourceSpans, 2))
      for (const span of messages(scopeSpans, 2)) spans.push(readSpan(span));
  }
}

function readSpan(span: Buffer): ReceivedSpan {
  const [status = Buffer.alloc(0)] = messages(span, 15);
  const hex = (field: number) => messages(span, field)[0]?.toString('hex') ?? '';
  return {
    traceId: hex(1),
    spanId: hex(2),
    parentSpanId: hex(4),
    name: messages(span, 5)[0]?.toString() ?? '',
    kind: numbers(span, 6)[0] ?? 0,
    attributes: readAttributes(span, 9),
    status: numbers(status, 3)[0] ?? 0,
  };
}

function readAttributes(message: Buffer, field: number): Record<string, string | number | boolean> {
  return Object.fromEntries(
    messages(message, field).map((pair) => {
      const [key = Buffer.alloc(0)] = messages(pair, 1);
      const [value = Buffer.alloc(0)] = messages(pair, 2);
      const [text] = messages(value, 1);
      const [flag] = numbers(value, 2);
      return [
        key.toString(),
        text?.toString() ?? (flag === undefined ? (numbers(value, 3)[0] ?? '') : flag === 1),
      ];
    }),
  );
}

const messages = (buffer: Buffer, field: number) =>
  fields(buffer).flatMap(([number, value]) => (number === field && typeof value !== 'number' ? [value] : []));
const numbers = (buffer: Buffer, field: number) =>
  fields(buffer).flatMap(([number, value]) => (number === field && typeof value === 'number' ? [value] : []));

/** Protobuf's wire format: https://protobuf.dev/programming-guides/encoding */
function fields(buffer: Buffer): [number, Buffer | number][] {
  const found: [number, Buffer | number][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = buffer[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  const bytes = (length: number) => {
    at += length;
    return buffer.subarray(at - length, at);
  };
  while (at < buffer.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const read = { 0: varint, 1: () => bytes(8), 2: () => bytes(varint()), 5: () => bytes(4) }[tag % 8];
    if (!read) throw new Error(`Expected a protobuf field, got wire type ${tag % 8}`);
    found.push([number, read()]);
  }
  return found;
}
