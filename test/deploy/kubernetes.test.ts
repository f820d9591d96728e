import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { variables } from '../../src/config/config.ts';
import { validateManifest } from '../support/kubernetes.ts';

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
