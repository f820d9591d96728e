import { describe, expect, it } from '@jest/globals';
import { coalesce } from '../../../../src/graphql/pipeline/execute.ts';
import type { PendingOperation } from '../../../../src/graphql/pipeline/request.ts';
import { createDeadlines } from '../../../../src/upstream/cancellation.ts';
import { createSingleFlight } from '../../../../src/upstream/single-flight.ts';

const caller = { principal: 'one', mayWrite: true, credential: { identity: 'shared' } };
const prepared = { id: 'a query', isMutation: false };
const outcome = { body: '', code: 'OK', isPersonal: false };

interface Changes {
  readonly caller?: object;
  readonly prepared?: object;
  readonly variables?: object;
  readonly request?: object;
}

/** Runs a query once for each of these changes, all at the same time, and says how often it was executed. */
async function countExecutions(
  all: readonly Changes[],
  result: Promise<typeof outcome> = Promise.resolve(outcome),
): Promise<number> {
  const running = createSingleFlight();
  const deadlines = createDeadlines(1000);
  let executions = 0;
  const run = async ({
    caller: who = {},
    prepared: what = {},
    variables = { first: 1 },
    request = {},
  }: Changes) => {
    const deadline = deadlines.start();
    const pending = {
      request: { caller: { ...caller, ...who }, deadline, record: {}, ...request },
      prepared: { ...prepared, ...what },
      variables,
    } as unknown as PendingOperation;
    await coalesce(running, pending, () => {
      executions++;
      return result;
    });
    deadline.end();
  };
  await Promise.all(all.map(run));
  return executions;
}

describe('Queries that run at the same time are one execution', () => {
  it('when they are equal', async () => {
    expect(await countExecutions([{}, {}])).toBe(1);
  });

  it.each([
    ['another principal with the same credential', { caller: { principal: 'other' } }],
    ['another credential', { caller: { credential: { identity: 'other' } } }],
    ['another operation', { prepared: { id: 'another query' } }],
    ['other variables', { variables: { first: 2 } }],
    ['one more variable', { variables: { first: 1, after: null } }],
    ['a mutation', { prepared: { isMutation: true } }],
    ['a request that explains itself', { request: { explanation: {} } }],
    ['no caller', { request: { caller: new Error('unknown') } }],
  ])('but not with %s', async (_title, changes) => {
    expect(await countExecutions([{}, changes])).toBe(2);
  });

  it('but not when the outcome is only for the first of them', async () => {
    expect(await countExecutions([{}, {}], Promise.resolve({ ...outcome, isPersonal: true }))).toBe(2);
  });

  it('but not when a variable contains what looks like further variables', async () => {
    const texts = ['', ' b ', ' b 0:', ' b 1:x', '1:x', '0', '0:', 'null', '"', ' '];
    const values = [...texts, ...texts.map((text) => [text]), ...texts.map((b) => ({ b })), 0, 1, true, null];
    const pairs = values.flatMap((a) => [{ a }, { b: a }, ...values.map((b) => ({ a, b }))]);
    const twice = [...pairs, ...structuredClone(pairs)].map((variables) => ({ variables }));
    expect(await countExecutions(twice)).toBe(pairs.length);
  });
});
