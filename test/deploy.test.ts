import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { variables } from '../src/config/config.ts';
import { type Gateway, startGateway } from './support/gateway.ts';
import { validateManifest } from './support/kubernetes.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of other tools; a member that is not there fails the test
type Document = any;

const read = (path: string): Document => parse(readFileSync(path, 'utf8'), { merge: true });
const FOLDER = 'deploy/kubernetes';
const kustomization = read(`${FOLDER}/kustomization.yaml`);
const manifests: Record<string, Document> = Object.fromEntries(
  kustomization.resources.map((name: string) => [name.replace('.yaml', ''), read(`${FOLDER}/${name}`)]),
);
const pod = manifests.deployment.spec.template.spec;
const [container] = pod.containers;
const LABELS = { 'app.kubernetes.io/name': 'tokens-gateway' };

describe('The manifests for Kubernetes', () => {
  it('are all listed, each of a kind and version that Kubernetes 1.29 and later has', () => {
    const files = readdirSync(FOLDER).filter((name) => name !== 'kustomization.yaml');
    expect([...kustomization.resources].sort()).toEqual(files.sort());
    expect(Object.values(manifests).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual([
      'v1 Namespace',
      'v1 ServiceAccount',
      'v1 ConfigMap',
      'apps/v1 Deployment',
      'v1 Service',
      'autoscaling/v2 HorizontalPodAutoscaler',
      'policy/v1 PodDisruptionBudget',
      'networking.k8s.io/v1 NetworkPolicy',
    ]);
  });

  it.each(Object.entries(manifests))('%s is valid, and has no unknown member', (_name, manifest) => {
    expect(validateManifest(manifest)).toEqual([]);
    expect(manifest.metadata.name).toBe('tokens-gateway');
  });

  it('mean the same pods everywhere', () => {
    expect(manifests.deployment.spec.template.metadata.labels).toEqual(LABELS);
    for (const selector of [
      manifests.deployment.spec.selector.matchLabels,
      manifests.service.spec.selector,
      manifests.pdb.spec.selector.matchLabels,
      manifests.networkpolicy.spec.podSelector.matchLabels,
      ...pod.topologySpreadConstraints.map((spread: Document) => spread.labelSelector.matchLabels),
    ])
      expect(selector).toEqual(LABELS);
    expect(manifests.hpa.spec.scaleTargetRef).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: manifests.deployment.metadata.name,
    });
    expect(pod.serviceAccountName).toBe(manifests.serviceaccount.metadata.name);
  });

  it('run under the restricted pod security standard', () => {
    expect(manifests.namespace.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect([pod.automountServiceAccountToken, manifests.serviceaccount.automountServiceAccountToken]).toEqual(
      [false, false],
    );
  });

  it('name ports that the gateway listens on, and probe the admin one', () => {
    const ports = Object.fromEntries(
      container.ports.map((port: Document) => [port.name, port.containerPort]),
    );
    expect(ports).toEqual({ http: 4000, admin: Number(manifests.config.data.ADMIN_PORT) });
    expect(manifests.service.spec.ports[0].targetPort).toBe('http');
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    expect(probes.map(({ httpGet }) => `${httpGet.port} ${httpGet.path}`)).toEqual([
      'admin /livez',
      'admin /livez',
      'admin /readyz',
    ]);
  });

  it('give the drain the time it takes', () => {
    const [, pauseMs] = /(\d+)\)$/.exec(container.lifecycle.preStop.exec.command[2]) ?? [];
    const drainMs = Number(manifests.config.data.DRAIN_TIMEOUT_MS);
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(Number(pauseMs) + drainMs);
  });

  it('hold no secret, and set only variables that there are', () => {
    const names = Object.keys(manifests.config.data);
    expect(names.filter((name) => !(name in variables))).toEqual([]);
    expect(names.filter((name) => /KEY|PASS|REDIS/.test(name))).toEqual([]);
  });
});

describe('The check of the manifests', () => {
  const { deployment, hpa } = manifests;
  it.each<[string, Document, string]>([
    ['an unknown member', { ...deployment, spec: { ...deployment.spec, replicaz: 3 } }, 'replicaz'],
    ['an unknown member deep inside', withContainer({ imagee: 'x' }), '/containers/0/imagee: unknown member'],
    ['a wrong type', withContainer({ ports: [{ containerPort: '4000' }] }), 'containerPort must be integer'],
    ['a wrong quantity', withContainer({ resources: { limits: { memory: '512Mb' } } }), 'limits/memory'],
    ['a missing member', { ...hpa, spec: { minReplicas: 1 } }, 'required property maxReplicas'],
    ['an unknown kind', { ...hpa, kind: 'Autoscaler' }, 'autoscaling/v2 Autoscaler: no schema'],
  ])('finds %s', (_what, manifest, problem) => {
    expect(validateManifest(manifest).join('\n')).toContain(problem);
  });

  function withContainer(members: object): Document {
    const template = {
      ...deployment.spec.template,
      spec: { ...pod, containers: [{ ...container, ...members }] },
    };
    return { ...deployment, spec: { ...deployment.spec, template } };
  }
});

describe('The Compose file', () => {
  const { services } = read('deploy/compose.yaml');

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
    expect(images.filter((image) => !/:\d+\.\d+\.\d+(-alpine)?$/.test(image))).toEqual([]);
  });

  it('balances over the gateways that there are, and repeats nothing that was sent', () => {
    const haproxy = readFileSync('deploy/haproxy/haproxy.cfg', 'utf8');
    const servers = [...haproxy.matchAll(/^ {2}server (\S+) \1:4000$/gm)].map(([, name]) => name);
    expect(servers).toEqual(Object.keys(services).filter((name) => name.startsWith('gateway')));
    expect(haproxy).toMatch(/retry-on conn-failure$/m);
    const millisecondsOf = (name: string, unit: 's' | 'ms') =>
      Number(new RegExp(`${name} (\\d+)${unit}\\b`).exec(haproxy)?.[1]) * (unit === 's' ? 1000 : 1);
    expect(millisecondsOf('http-keep-alive', 's')).toBeLessThan(variables.KEEP_ALIVE_TIMEOUT_MS.default);
    expect(millisecondsOf('timeout server', 's')).toBeGreaterThan(variables.REQUEST_DEADLINE_MS.default);
    const found = millisecondsOf('inter', 'ms') * Number(/fall (\d+)/.exec(haproxy)?.[1]);
    expect(found * 2).toBeLessThan(Number(services['gateway-1'].environment.DRAIN_DELAY_MS));
  });
});

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
