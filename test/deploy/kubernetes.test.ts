import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.ts';
import { variables } from '../../src/config/variables.ts';
import { validateManifest } from '../support/kubernetes.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of other tools; a member that is not there fails the test
type Document = any;

const read = (path: string): Document => parse(readFileSync(path, 'utf8'));
const FOLDER = 'deploy/kubernetes';
const COMPONENTS = readdirSync(`${FOLDER}/components`);
const kustomization = read(`${FOLDER}/kustomization.yaml`);
const manifests: Record<string, Document> = readResources(FOLDER);
const components: Record<string, Document> = Object.fromEntries(
  COMPONENTS.map((name) => [name, readResources(`${FOLDER}/components/${name}`)]),
);
const everything: [string, Document][] = [manifests, ...Object.values(components)].flatMap((each) =>
  Object.entries(each),
);
const environment = readEnvironment(readFileSync(`${FOLDER}/config.env`, 'utf8').split('\n'));
const pod = manifests.deployment.spec.template.spec;
const [container] = pod.containers;
const LABELS = { 'app.kubernetes.io/name': 'tokens-gateway' };

/** The resources that a kustomization lists, by the names of their files. */
function readResources(folder: string): Record<string, Document> {
  const { resources } = read(`${folder}/kustomization.yaml`);
  return Object.fromEntries(
    resources.map((name: string) => [name.replace('.yaml', ''), read(`${folder}/${name}`)]),
  );
}

/** As kustomize reads `envs` and `literals`. */
function readEnvironment(lines: readonly string[]): Record<string, string> {
  const pairs = lines.filter((line) => /^[^#]/.test(line)).map((line) => /^([^=]+)=(.*)$/.exec(line));
  return Object.fromEntries(pairs.map((pair) => [pair?.[1], pair?.[2]]));
}

describe('The manifests for Kubernetes', () => {
  it.each(['', ...COMPONENTS.map((name) => `/components/${name}`)])(
    'in deploy/kubernetes%s are all listed',
    (folder) => {
      const files = readdirSync(FOLDER + folder).filter((name) => name.endsWith('.yaml'));
      const { resources } = read(`${FOLDER}${folder}/kustomization.yaml`);
      expect(['kustomization.yaml', ...resources].sort()).toEqual(files.sort());
    },
  );

  it('are of kinds and versions that Kubernetes 1.29 and later has', () => {
    expect(Object.values(manifests).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual([
      'v1 Namespace',
      'v1 ServiceAccount',
      'apps/v1 Deployment',
      'v1 Service',
      'autoscaling/v2 HorizontalPodAutoscaler',
      'policy/v1 PodDisruptionBudget',
      'networking.k8s.io/v1 NetworkPolicy',
    ]);
  });

  it.each(everything)('%s is valid, and has no unknown member', (_name, manifest) => {
    expect(validateManifest(manifest)).toEqual([]);
    expect(manifest.metadata.name).toMatch(/^tokens-gateway(-\w+)?$/);
  });

  it('select the same pods everywhere', () => {
    expect(manifests.deployment.spec.template.metadata.labels).toEqual(LABELS);
    for (const selector of [
      manifests.deployment.spec.selector.matchLabels,
      manifests.service.spec.selector,
      manifests.pdb.spec.selector.matchLabels,
      manifests.networkpolicy.spec.podSelector.matchLabels,
      components.otlp.networkpolicy.spec.podSelector.matchLabels,
      components['service-monitor'].service.spec.selector,
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
    expect(ports).toEqual({ http: 4000, admin: Number(environment.ADMIN_PORT) });
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
    const drainMs = Number(environment.DRAIN_TIMEOUT_MS);
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(Number(pauseMs) + drainMs);
  });

  it('contain no secret, and a configuration with which the gateway starts', () => {
    const names = Object.keys(environment);
    expect(names.filter((name) => /KEY|PASS|REDIS/.test(name))).toEqual([]);
    const withSecret = { ...environment, REDIS_URL: 'rediss://redis.example.com:6379' };
    expect(() => readConfig(withSecret, () => '')).not.toThrow();
    expect(names.filter((name) => !(name in variables))).toEqual([]);
  });

  it('start no pod without REDIS_URL, and know the addresses of proxies: there are several replicas', () => {
    expect(manifests.hpa.spec.minReplicas).toBeGreaterThan(1);
    expect(container.env).toEqual([
      { name: 'REDIS_URL', valueFrom: { secretKeyRef: { name: 'tokens-gateway', key: 'REDIS_URL' } } },
    ]);
    expect(environment.TRUSTED_PROXIES?.split(',')).toContain('10.0.0.0/8');
  });

  it('roll the pods when the configuration changes: its ConfigMap is generated', () => {
    expect(kustomization.configMapGenerator).toEqual([{ name: 'tokens-gateway', envs: ['config.env'] }]);
    expect(container.envFrom[0]).toEqual({ configMapRef: { name: 'tokens-gateway' } });
  });

  it('say how to create the Secret in the namespace of the gateway', () => {
    const { namespace } = kustomization;
    expect(readFileSync(`${FOLDER}/config.env`, 'utf8')).toContain(
      `kubectl create secret generic tokens-gateway -n ${namespace} --from-literal=REDIS_URL=`,
    );
  });

  it('keep a replica that is overloaded for one probe', () => {
    expect(container.readinessProbe.failureThreshold).toBeGreaterThanOrEqual(3);
  });
});

describe('The optional components', () => {
  it('are named in the kustomization, and are components', () => {
    const text = readFileSync(`${FOLDER}/kustomization.yaml`, 'utf8');
    for (const name of COMPONENTS) {
      expect(text).toContain(`#   - components/${name}\n`);
      expect(read(`${FOLDER}/components/${name}/kustomization.yaml`)).toMatchObject({
        apiVersion: 'kustomize.config.k8s.io/v1alpha1',
        kind: 'Component',
      });
    }
  });

  it('let traces out on the port that they are sent to', () => {
    const [{ literals, ...generator }] = read(
      `${FOLDER}/components/otlp/kustomization.yaml`,
    ).configMapGenerator;
    expect(generator).toEqual({ name: 'tokens-gateway', behavior: 'merge' });
    const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = readEnvironment(literals);
    const [{ to, ports }] = components.otlp.networkpolicy.spec.egress;
    expect(ports).toEqual([{ port: Number(new URL(endpoint ?? '').port), protocol: 'TCP' }]);
    const [, namespace] = new URL(endpoint ?? '').hostname.split('.');
    expect(to[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': namespace });
  });

  it('scrape the admin port, under the job that the alerts are for', () => {
    const { service, servicemonitor } = components['service-monitor'];
    expect(service.metadata.labels).toMatchObject(servicemonitor.spec.selector.matchLabels);
    expect(manifests.service.metadata.labels).not.toMatchObject(servicemonitor.spec.selector.matchLabels);
    expect(servicemonitor.spec.endpoints[0].port).toBe(service.spec.ports[0].name);
    expect(service.spec.ports[0]).toMatchObject({
      port: Number(environment.ADMIN_PORT),
      targetPort: 'admin',
    });
    const job = service.metadata.labels[servicemonitor.spec.jobLabel];
    expect(readFileSync('deploy/prometheus/alerts.yaml', 'utf8')).toContain(`"job", "${job}"`);
  });

  it('lead HTTPS to the port of the Service', () => {
    const [{ host, http }] = components.ingress.ingress.spec.rules;
    expect(components.ingress.ingress.spec.tls[0].hosts).toEqual([host]);
    expect(http.paths[0].backend.service).toEqual({
      name: manifests.service.metadata.name,
      port: { name: manifests.service.spec.ports[0].name },
    });
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
