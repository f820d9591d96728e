import { describe, expect, it } from '@jest/globals';
import { coalesce } from '../../../../src/graphql/pipeline/execute.ts';
import type { PendingOperation } from '../../../../src/graphql/pipeline/request.ts';
import { createDeadlines } from '../../../../src/upstream/cancellation.ts';
import { createSingleFlight } from '../../../../src/upstream/single-flight.ts';

const caller = { principal: 'one', mayWrite: true, credential: { identity: 'shared' } };
const prepared = { id: 'a query', isMutation: false };
const outcome = { body: '', code: 'OK', isPersonal: false };

/** Runs both at the same time, the second with `changes`, and says how many were executed. */
async function countExecutions(
  changes: { caller?: object; prepared?: object; variables?: object; request?: object },
  result: Promise<typeof outcome> = Promise.resolve(outcome),
): Promise<number> {
  const running = createSingleFlight();
  const deadlines = createDeadlines(1000);
  let executions = 0;
  const run = async ({
    caller: who = {},
    prepared: what = {},
    variables = {},
    request = {},
  }: typeof changes) => {
    const deadline = deadlines.start();
    const pending = {
      request: { caller: { ...caller, ...who }, deadline, record: {}, ...request },
      prepared: { ...prepared, ...what },
      variables: { first: 1, ...variables },
    } as unknown as PendingOperation;
    await coalesce(running, pending, () => {
      executions++;
      return result;
    });
    deadline.end();
  };
  await Promise.all([run({}), run(changes)]);
  return executions;
}

describe('Queries that run at the same time are one execution', () => {
  it('when they are equal', async () => {
    expect(await countExecutions({})).toBe(1);
  });

  it.each([
    ['another principal with the same credential', { caller: { principal: 'other' } }],
    ['another credential', { caller: { credential: { identity: 'other' } } }],
    ['another operation', { prepared: { id: 'another query' } }],
    ['other variables', { variables: { first: 2 } }],
    ['one more variable', { variables: { after: null } }],
    ['a mutation', { prepared: { isMutation: true } }],
    ['a request that explains itself', { request: { explanation: {} } }],
    ['no caller', { request: { caller: new Error('unknown') } }],
  ])('but not with %s', async (_title, changes) => {
    expect(await countExecutions(changes)).toBe(2);
  });

  it('but not when the outcome is only for the first of them', async () => {
    expect(await countExecutions({}, Promise.resolve({ ...outcome, isPersonal: true }))).toBe(2);
  });
});
