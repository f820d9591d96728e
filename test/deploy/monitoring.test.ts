import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type Gateway, startGateway } from '../support/gateway.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of other tools; a member that is not there fails the test
type Document = any;

const read = (path: string): Document => parse(readFileSync(path, 'utf8'), { merge: true });

describe('The dashboard and the alerts', () => {
  const rules: Document[] = read('deploy/prometheus/alerts.yaml').groups.flatMap(
    (group: Document) => group.rules,
  );
  const { panels } = JSON.parse(readFileSync('deploy/grafana/dashboard.json', 'utf8'));
  const expressions: string[] = [
    ...rules.map(({ expr }) => expr),
    ...panels.flatMap((panel: Document) => panel.targets.map((target: Document) => target.expr)),
  ];
  let gateway: Gateway;
  let exposed: string;
  beforeAll(async () => {
    // Nobody listens there: the gateway goes on in memory, and counts that it did.
    gateway = await startGateway({ env: { ADMIN_PORT: '0', REDIS_URL: 'redis://127.0.0.1:1', APQ: 'true' } });
    await gateway.query('query Names { tokens(first: 2) { nodes { name } } }');
    exposed = await (await fetch(`${gateway.adminOrigin}/metrics`)).text();
  });
  afterAll(() => gateway.close());

  it('use no metric that the gateway does not have', () => {
    const types = [...exposed.matchAll(/^# TYPE (\S+) (\w+)$/gm)];
    const names = new Set(
      types.flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_count`] : [name],
      ),
    );
    const used = expressions.flatMap(
      (expression) => expression.match(/\b(tokens_gateway|nodejs|process)_\w+/g) ?? [],
    );
    expect(used.length).toBeGreaterThan(30);
    expect([...new Set(used)].filter((name) => !names.has(name))).toEqual([]);
  });

  it('use no label that the metric does not have', () => {
    const labels = new Set([...exposed.matchAll(/[{,](\w+)="/g)].map(([, name]) => name));
    // What Prometheus adds, and what has no value before the first sign-in.
    for (const name of ['job', 'instance', 'outcome', 'use']) labels.add(name);
    const used = expressions.flatMap((expression) => [
      ...[...expression.matchAll(/[{,]\s*(\w+)\s*(?:=~|!=|=)"/g)].map(([, name]) => name),
      ...[...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
    ]);
    expect([...new Set(used)].filter((name) => name === undefined || !labels.has(name))).toEqual([]);
  });

  it('have a paragraph for every alert that says what to do', () => {
    const guide = readFileSync('docs/operations.md', 'utf8');
    expect(rules.map(({ alert }) => alert).filter((name) => !guide.includes(`\n### ${name}\n\n`))).toEqual(
      [],
    );
    expect(rules.filter(({ labels, annotations }) => !labels.severity || !annotations.summary)).toEqual([]);
  });
});
