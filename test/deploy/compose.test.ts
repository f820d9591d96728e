import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { variables } from '../../src/config/variables.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of other tools; a member that is not there fails the test
type Document = any;

const read = (path: string): Document => parse(readFileSync(path, 'utf8'), { merge: true });

const { services } = read('deploy/compose.yaml');
const gateways = Object.keys(services).filter((name) => name.startsWith('gateway'));

describe('The Compose file', () => {
  it('sets only variables that there are, and stops a gateway after its drain', () => {
    for (const name of ['gateway-1', 'gateway-2']) {
      expect(Object.keys(services[name].environment).filter((key) => !(key in variables))).toEqual([]);
      expect(Number.parseInt(services[name].stop_grace_period, 10) * 1000).toBeGreaterThan(
        Number(variables.DRAIN_TIMEOUT_MS.default),
      );
    }
  });

  it('names every image by an exact version', () => {
    const images = Object.values<Document>(services).map(({ image }) => image);
    expect(images.filter((image) => !/:v?\d+\.\d+\.\d+(-alpine)?$/.test(image))).toEqual([]);
  });

  it('balances over the gateways that there are, and repeats nothing that was sent', () => {
    const haproxy = readFileSync('deploy/haproxy/haproxy.cfg', 'utf8');
    const servers = [...haproxy.matchAll(/^ {2}server (\S+) \1:4000$/gm)].map(([, name]) => name);
    expect(servers).toEqual(gateways);
    expect(haproxy).toMatch(/retry-on conn-failure$/m);
    const millisecondsOf = (name: string, unit: 's' | 'ms') =>
      Number(new RegExp(`${name} (\\d+)${unit}\\b`).exec(haproxy)?.[1]) * (unit === 's' ? 1000 : 1);
    expect(millisecondsOf('http-keep-alive', 's')).toBeLessThan(variables.KEEP_ALIVE_TIMEOUT_MS.default);
    expect(millisecondsOf('timeout server', 's')).toBeGreaterThan(variables.REQUEST_DEADLINE_MS.default);
    const found = millisecondsOf('inter', 'ms') * Number(/fall (\d+)/.exec(haproxy)?.[1]);
    expect(found * 2).toBeLessThan(Number(services['gateway-1'].environment.DRAIN_DELAY_MS));
  });
});

describe('The profile "observability" of the Compose file', () => {
  const { prometheus, grafana } = services;
  /** By the path in the container: the path in deploy/. */
  const mountsOf = ({ volumes }: Document): Record<string, string> =>
    Object.fromEntries(
      volumes
        .map((volume: string) => volume.split(':'))
        .filter(([source]: string[]) => source?.startsWith('./'))
        .map(([source, target]: string[]) => [target, `deploy/${source?.slice(2)}`]),
    );

  it('is Prometheus and Grafana, for this machine alone, and nothing without it', () => {
    const profiled = Object.keys(services).filter((name) => services[name].profiles);
    expect(profiled).toEqual(['prometheus', 'grafana']);
    for (const { profiles, ports } of [prometheus, grafana]) {
      expect(profiles).toEqual(['observability']);
      expect(ports.filter((port: string) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    }
  });

  it('scrapes the admin port of every gateway, under the job that the alerts are for, and has the alerts', () => {
    const mounts = mountsOf(prometheus);
    const { rule_files: rules, scrape_configs: jobs } = read(mounts['/etc/prometheus/prometheus.yml'] ?? '');
    expect(jobs).toEqual([
      {
        job_name: 'tokens-gateway',
        static_configs: [
          { targets: gateways.map((name) => `${name}:${services[name].environment.ADMIN_PORT}`) },
        ],
      },
    ]);
    const [alerts] = rules.map((name: string) => mounts[`/etc/prometheus/${name}`]);
    expect(read(alerts).groups[0].rules[0].expr).toContain(`"job", "${jobs[0].job_name}"`);
    expect(prometheus.networks).toEqual(services['gateway-1'].networks.slice(-1));
  });

  it('shows the dashboard over that Prometheus', () => {
    const mounts = mountsOf(grafana);
    const provisioning = mounts['/etc/grafana/provisioning'];
    const [source] = read(`${provisioning}/datasources/prometheus.yaml`).datasources;
    expect([source.url, source.isDefault]).toEqual(['http://prometheus:9090', true]);
    const [provider] = read(`${provisioning}/dashboards/tokens-gateway.yaml`).providers;
    const dashboard = mounts[`${provider.options.path}/dashboard.json`] ?? '';
    const { templating } = JSON.parse(readFileSync(dashboard, 'utf8'));
    expect(templating.list[0]).toMatchObject({ type: 'datasource', query: source.type });
  });
});
