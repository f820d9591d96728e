import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { areas, countPlaces } from './mutants/defects.mjs';

const defects = Object.values(areas).flat();

describe('Each known defect', () => {
  it('has one place in the source: whoever changes that line says how it breaks now', () => {
    const misplaced = defects.filter((defect) => countPlaces(defect) !== 1);
    expect(misplaced.map(({ name, file }) => `${file}: ${name}`)).toEqual([]);
  });

  it('has a name of its own, and tests that there are', () => {
    expect(new Set(defects.map(({ name }) => name)).size).toBe(defects.length);
    expect(defects.flatMap(({ tests }) => tests).filter((path) => !existsSync(path))).toEqual([]);
  });

  it('is counted in docs/testing.md', () => {
    const rows = Object.entries(areas).map(([area, list]) => `| ${area} | ${list.length} |`);
    const table = ['| area | defects |', '|---|---|', ...rows, `| all | ${defects.length} |`].join('\n');
    expect(readFileSync('docs/testing.md', 'utf8')).toContain(table);
  });
});
