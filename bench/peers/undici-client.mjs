import { Pool } from 'undici';

/** The cheapest HTTP client of Node.js: a pool of connections, and a handler instead of streams. */
export function createUndiciClient(upstream) {
  const { origin, pathname } = new URL(upstream);
  const pool = new Pool(origin, { connections: 256, pipelining: 1 });
  const send = (method, path, authorization, body) =>
    new Promise((resolve, reject) => {
      const headers = { authorization, ...(body && { 'content-type': 'application/json' }) };
      const chunks = [];
      let status = 0;
      pool.dispatch(
        { method, path: pathname + path, headers, body: body && JSON.stringify(body) },
        {
          onRequestStart() {},
          onResponseStart(_controller, statusCode) {
            status = statusCode;
          },
          onResponseData(_controller, chunk) {
            chunks.push(chunk);
          },
          onResponseEnd() {
            if (status !== 200) reject(new Error(`upstream answered ${status}`));
            else resolve(JSON.parse(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
          },
          onResponseError(_controller, error) {
            reject(error);
          },
        },
      );
    });
  return {
    get: (path, authorization) => send('GET', path, authorization),
    post: (path, authorization, body) => send('POST', path, authorization, body),
  };
}
