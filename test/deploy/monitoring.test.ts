import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type Gateway, startGateway } from '../support/gateway.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of other tools; a member that is not there fails the test
type Document = any;

const read = (path: string): Document => parse(readFileSync(path, 'utf8'), { merge: true });

describe('The dashboard and the alerts', () => {
  const allRules: Document[] = read('deploy/prometheus/alerts.yaml').groups.flatMap(
    (group: Document) => group.rules,
  );
  const rules = allRules.filter(({ alert }) => alert);
  const { panels } = JSON.parse(readFileSync('deploy/grafana/dashboard.json', 'utf8'));
  const expressions: string[] = [
    ...allRules.map(({ expr }) => expr),
    ...panels.flatMap((panel: Document) => panel.targets.map((target: Document) => target.expr)),
  ];
  let gateway: Gateway;
  let exposed: string;
  beforeAll(async () => {
    // Nobody listens there: the gateway goes on in memory, and counts that it did.
    gateway = await startGateway({ env: { ADMIN_PORT: '0', REDIS_URL: 'redis://127.0.0.1:1', APQ: 'true' } });
    await gateway.query('query Names { tokens(first: 2) { nodes { name } } }');
    exposed = await gateway.metrics();
  });
  afterAll(() => gateway.close());

  it('use no metric that the gateway does not have', () => {
    const types = [...exposed.matchAll(/^# TYPE (\S+) (\w+)$/gm)];
    const names = new Set(
      types.flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_count`] : [name],
      ),
    );
    // Only a primary process has it: test/process/workers.test.ts.
    names.add('tokens_gateway_worker_restarts_total');
    const used = expressions.flatMap(
      (expression) => expression.match(/\b(tokens_gateway|nodejs|process)_\w+/g) ?? [],
    );
    expect(used.length).toBeGreaterThan(30);
    expect([...new Set(used)].filter((name) => !names.has(name))).toEqual([]);
  });

  it('belong to a guide that names every metric of the gateway', () => {
    const guide = readFileSync('docs/operator-guide.md', 'utf8');
    const names = [...exposed.matchAll(/^# TYPE tokens_gateway_(\w+) /gm)].map(([, name]) => name);
    expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });

  it('show rate, errors and duration of HTTP', () => {
    const [rate, errors, duration] = panels.map(({ targets }: Document) => targets[0].expr);
    expect(rate).toMatch(/^sum by \(method, route, status\) \(rate\(tokens_gateway_http_responses_total/);
    expect(errors).toContain('status=~"4xx|5xx"');
    expect(duration).toContain('tokens_gateway_http_response_duration_seconds_bucket');
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

  it('are about the gateway only, which one rule names', () => {
    const [{ record, expr }, ...others] = allRules;
    expect([record, expr]).toEqual([
      'tokens_gateway:job',
      'label_replace(vector(1), "job", "tokens-gateway", "", "")',
    ]);
    expect(others.filter((rule) => !rule.expr.includes('tokens_gateway:job'))).toEqual([]);
    expect(others.filter((rule) => /job *=/.test(rule.expr))).toEqual([]);
  });

  it('divide only where there is traffic enough for a rate', () => {
    const ratios = rules.filter(({ expr }) => /histogram_quantile|\) *\n? *\/ /.test(expr));
    expect(ratios.map(({ alert }) => alert)).toEqual([
      'TokensGatewayErrors',
      'TokensGatewaySlow',
      'TokensGatewayUpstreamDown',
      'TokensGatewayUpstreamSlow',
    ]);
    const minimum = /and sum by \(job\) \(rate\(\w+\[5m\]\)\) > 0\.\d/;
    expect(ratios.filter(({ expr }) => !minimum.test(expr))).toEqual([]);
  });

  it('have a runbook for every alert, on the page and at the anchor that it names', () => {
    for (const { alert, labels, annotations } of rules) {
      expect(['page', 'ticket']).toContain(labels.severity);
      expect(annotations.summary).toBeTruthy();
      const [page, anchor] = annotations.runbook_url.split('#');
      expect(anchor).toBe(alert.toLowerCase());
      expect(readFileSync(page, 'utf8')).toContain(`\n### ${alert}\n\n`);
    }
  });

  it('have test series for every alert: some that fire it, and some that do not', () => {
    const cases: Document[] = read('deploy/prometheus/alerts.test.yaml').tests.flatMap(
      (test: Document) => test.alert_rule_test,
    );
    const namesOf = (tests: Document[]) => new Set(tests.map(({ alertname }) => alertname));
    const names = new Set(rules.map(({ alert }) => alert));
    expect(namesOf(cases.filter(({ exp_alerts }) => exp_alerts))).toEqual(names);
    expect(namesOf(cases.filter(({ exp_alerts }) => !exp_alerts))).toEqual(names);
  });
});
