import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { variables } from '../../../src/config/variables.ts';

const PAGE = 'docs/configuration.md';

describe('The tables of docs/configuration.md', () => {
  it('have each variable once, as `node tools/configuration.mjs` writes it', () => {
    const rows = readFileSync(PAGE, 'utf8').match(/^\| `[A-Z_]+` \|.*$/gm) ?? [];
    const expected = Object.entries(variables).map(
      ([name, { defaultText, meaning }]) => `| \`${name}\` | ${defaultText} | ${meaning} |`,
    );
    expect(rows.toSorted()).toEqual(expected.toSorted());
  });
});
