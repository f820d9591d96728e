import { describe, expect, it } from '@jest/globals';
import { parse, validate } from 'graphql';
import { createSchema, readTypeDefs } from '../../../../src/graphql/schema.ts';
import { createRandom } from '../../../support/random.ts';
import { createRandomOperations } from '../../../support/random-operation.ts';

const schema = createSchema(readTypeDefs());
const operations = (seed: number, wrong = 0) => {
  const next = createRandomOperations(schema, createRandom(seed), { wrong });
  return Array.from({ length: 60 }, next);
};

describe('Random operations', () => {
  it('are the same for the same seed', () => {
    expect(operations(1)).toEqual(operations(1));
    expect(operations(1)).not.toEqual(operations(2));
  });

  it('are valid', () => {
    const problems = operations(3).flatMap(({ document }) => validate(schema, parse(document)));
    expect(problems.map(({ message }) => message)).toEqual([]);
  });

  it('use all that a document can have', () => {
    const all = operations(4)
      .map(({ document }) => document)
      .join('\n');
    for (const part of [/mutation/, /fragment F/, /\.\.\. on /, /@skip/, /@include/, /a1: /, /\$v1: /, / = /])
      expect(all).toMatch(part);
  });

  it('are wrong now and then when asked to be', () => {
    const failing = operations(5, 0.1).filter(({ document }) => {
      try {
        return validate(schema, parse(document)).length > 0;
      } catch {
        return true;
      }
    });
    expect(failing.length).toBeGreaterThan(5);
    expect(failing.length).toBeLessThan(55);
  });
});
