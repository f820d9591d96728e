import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';

interface Model {
  readonly apiVersion: string;
  readonly kind: string;
  readonly prototype: { validate(): void };
}

const models: readonly Model[] = [
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
  ServiceAccount,
  ServiceMonitor,
];

/**
 * What a Kubernetes API server with strict field validation would reject: wrong types, missing members, and members
 * that the kind does not have. Empty: the manifest is valid.
 *
 * The validators are generated from Kubernetes' OpenAPI document and ignore unknown members. They never read one, so
 * the unread members are the unknown ones.
 */
export function validateManifest(manifest: { apiVersion: string; kind: string }): string[] {
  const { apiVersion, kind } = manifest;
  const model = models.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  if (!model) return [`${apiVersion} ${kind}: no schema`];
  const unread = new Set<string>();
  const problems: string[] = [];
  try {
    model.prototype.validate.call(observeReads(manifest, '', unread));
  } catch (error) {
    problems.push((error as Error).message);
  }
  return [...problems, ...[...unread].map((path) => `${path}: unknown member`)];
}

/** A copy of `value`. `unread` gets the path of each of its members, and loses it when the member is read. */
function observeReads(value: unknown, path: string, unread: Set<string>): unknown {
  if (value === null || typeof value !== 'object') return value;
  const copy: object = Array.isArray(value) ? [] : {};
  for (const [key, member] of Object.entries(value)) {
    unread.add(`${path}/${key}`);
    Reflect.set(copy, key, observeReads(member, `${path}/${key}`, unread));
  }
  return new Proxy(copy, {
    get(target, key) {
      unread.delete(`${path}/${String(key)}`);
      return Reflect.get(target, key);
    },
  });
}
