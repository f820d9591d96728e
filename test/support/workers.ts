import { type Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { until } from './until.ts';

/** A query on a connection of its own: the workers take connections in turn. */
export function queryAlone(
  port: number,
  document: string,
  variables: object = {},
  agent: Agent | false = false,
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer demo', 'content-type': 'application/json' };
    const options = { port, path: '/graphql', method: 'POST', headers, agent };
    request(options, async (response) => resolve({ status: response.statusCode, body: await text(response) }))
      .on('error', reject)
      .end(JSON.stringify({ query: document, variables }));
  });
}

/** `run` so many times at once. */
export const times = <T>(count: number, run: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));

/** What `/readyz` says: a worker that a busy machine has held up is not ready for two seconds. */
export const untilReady = (adminPort: number) =>
  until(async () => {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    return response.status === 200 && response.text();
  });

/** The value of a series in the text of `/metrics`. */
export const metricOf = (metrics: string, series: string) =>
  Number(
    metrics
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length),
  );
