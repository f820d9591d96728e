import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { faultNames } from '../src/emulator/faults.ts';
import { HTTP_STATUS } from '../src/errors.ts';
import { operationChecks } from '../src/graphql/pipeline/pipeline.ts';
import { createOperationRecord } from '../src/telemetry/operation-log.ts';
import { definitions } from '../src/upstream/generated.ts';

const pages = [
  'README.md',
  'CHANGELOG.md',
  'bench/README.md',
  'bench/RESULTS.md',
  'examples/console/README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The anchors of a page, as GitHub derives them from its headings. */
function anchorsOf(page: string): readonly string[] {
  const prose = readFileSync(page, 'utf8').replace(/^```.*?^```/gms, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The links of a page to other files and to headings that do not exist. */
function brokenLinksOf(page: string): readonly string[] {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path, anchor] = link.split('#');
    const target = path ? join(dirname(page), path) : page;
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
}

describe('The documentation', () => {
  it.each(pages)('%s has no link that leads nowhere', (page) => {
    expect(brokenLinksOf(page)).toEqual([]);
  });

  it('docs/client-guide.md names every limit of an operation', () => {
    const limits = readFileSync('src/graphql/pipeline/checks.ts', 'utf8').matchAll(/\[\s*'(\w+)',/g);
    const [, listed = ''] =
      /`limit` is one of ([^.]+)\./.exec(readFileSync('docs/client-guide.md', 'utf8')) ?? [];
    const names = [...listed.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(names.sort()).toEqual([...new Set([...limits].map(([, name]) => name))].sort());
  });

  it('docs/architecture.md has a row for every check of an operation, in their order', () => {
    const rows = readFileSync('docs/architecture.md', 'utf8').matchAll(/^ {3}\| `(\w+)` \|/gm);
    expect([...rows].map(([, name]) => name)).toEqual(operationChecks.map(({ name }) => name));
  });

  it('docs/upstream.md names every member of a token of IAM', () => {
    const [, listed = ''] = /^- A token has (.+)\.$/m.exec(readFileSync('docs/upstream.md', 'utf8')) ?? [];
    const names = [...listed.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(names.sort()).toEqual(Object.keys(definitions.TokenDto.properties).sort());
  });

  it('docs/operator-guide.md names every member of the log line of an operation', () => {
    const [, listed = ''] =
      /^Lines are JSON\. (.+?) A line `request/m.exec(readFileSync('docs/operator-guide.md', 'utf8')) ?? [];
    const members = Object.keys(createOperationRecord());
    expect(members.filter((name) => !listed.includes(`\`${name}\``))).toEqual([]);
  });

  it('docs/operator-guide.md sizes by the CPU times in bench/RESULTS.md', () => {
    const results = readFileSync('bench/RESULTS.md', 'utf8').split(
      '### Every request of another principal',
    )[1];
    const [, table = ''] = /CPU per request in µs, all threads\.\n\n(.+?)\n\n/s.exec(results ?? '') ?? [];
    const measured = ['W1', 'W2', 'W3', 'W6'].map((workload) =>
      Number(new RegExp(`^\\| ${workload} [^|]+\\| (\\d+) \\|`, 'm').exec(table)?.[1]),
    );
    const guide = readFileSync('docs/operator-guide.md', 'utf8');
    const rows = [...guide.matchAll(/^\| .+ \| ([\d.]+) ms \| (\d+) \|$/gm)];
    expect(rows.map(([, ms]) => Number(ms))).toEqual(measured.map((us) => expect.closeTo(us / 1000, 1)));
    // At 60 % of a core.
    for (const [index, [, , perSecond]] of rows.entries())
      expect(Number(perSecond) / (600_000 / (measured[index] ?? 0))).toBeCloseTo(1, 1);
  });

  it('docs/emulator.md lists every fault', () => {
    const [, list = ''] = /\n\n(- `status-NNN`.+?)\n\n/s.exec(readFileSync('docs/emulator.md', 'utf8')) ?? [];
    const names = list.split('\n').flatMap((line) => line.split(':')[0]?.match(/(?<=`)[\w-]+(?=`)/g) ?? []);
    expect(names.sort()).toEqual(faultNames.map((name) => (name === 'after-FAULT' ? 'after-' : name)).sort());
  });

  it('docs/client-guide.md explains every error code', () => {
    const guide = readFileSync('docs/client-guide.md', 'utf8').split('### Writes')[0] ?? '';
    const explained = [...guide.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
    expect(explained.sort()).toEqual(Object.keys(HTTP_STATUS).sort());
  });

  it.each([
    ['npm start', 'package.json', /"start": "(.*)"/],
    ['npm run quickstart', 'package.json', /"quickstart": "(.*)"/],
    ['the image', 'Dockerfile', /^CMD (.*)$/m],
  ])('says with which flags of Node.js %s starts the gateway', (_way, file, pattern) => {
    const [, decision = ''] =
      /## Decision\n(.*)\n## Alt/s.exec(readFileSync('docs/adr/0014-young-generation.md', 'utf8')) ?? [];
    const flags = [...decision.matchAll(/`(--[^`]+)`/g)].map(([, flag]) => flag);
    const [, command = ''] = pattern.exec(readFileSync(file, 'utf8')) ?? [];
    expect(command.match(/--[\w=-]+/g)).toEqual(flags);
  });

  it('records each decision under a different number, in four parts', () => {
    const records = readdirSync('docs/adr');
    expect(new Set(records.map((name) => name.slice(0, 4))).size).toBe(records.length);
    for (const name of records) {
      const headings = [...readFileSync(join('docs/adr', name), 'utf8').matchAll(/^## (.+)$/gm)];
      expect([name, ...headings.map(([, heading]) => heading)]).toEqual([
        name,
        'Context',
        'Decision',
        'Alternatives considered',
        'Consequences',
      ]);
    }
  });
});
