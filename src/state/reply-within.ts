export class NoReply extends Error {
  override readonly name = 'NoReply';
}

/** `reply`, or a rejection with `NoReply` after `ms`. */
export function replyWithin<Value>(ms: number, reply: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    // When this process itself was suspended, a reply may have arrived already: it is read before the timeout counts.
    const timer = setTimeout(() => setImmediate(() => reject(new NoReply(`no reply within ${ms} ms`))), ms);
    reply.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
