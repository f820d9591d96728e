import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { variables } from '../../../src/config/config.ts';

const TABLE = /^\| variable .*\n\|[-| ]+\n((?:\|.*\n)+)/gm;
const ROW = /^\| *((?:`[A-Z_]+`(?:, )?)+) *\| *(.*?) *\|/gm;

/** The rows of tables that are headed "variable": a name and its default, or several of both separated by commas. */
function readTables(path: string): [name: string, defaultText: string][] {
  const tables = [...readFileSync(path, 'utf8').matchAll(TABLE)].map(([, rows]) => rows);
  return [...tables.join('').matchAll(ROW)].flatMap(([, names = '', defaults = '']) => {
    const list = names.split(', ');
    const texts = list.length === 1 ? [defaults] : defaults.split(', ');
    return list.map((name, index): [string, string] => [bare(name), bare(texts[index] ?? 'missing')]);
  });
}

const bare = (cell: string) => cell.replaceAll('`', '').trim();

describe('The documented tables agree with the code', () => {
  const expected = Object.entries(variables).map(([name, { defaultText }]) => [name, defaultText]);

  it.each(['docs/configuration.md', 'README.md'])('%s has each variable once, with its default', (path) => {
    expect(readTables(path).sort()).toEqual(expected.sort());
  });
});
