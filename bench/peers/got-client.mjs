import got from 'got';

/** got with its usual options. */
export function createGotClient(upstream) {
  return {
    get: (path, authorization) => got(upstream + path, { headers: { authorization } }).json(),
    post: (path, authorization, json) =>
      got(upstream + path, { method: 'POST', json, headers: { authorization } }).json(),
  };
}
