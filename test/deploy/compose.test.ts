import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { variables } from '../../src/config/config.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents of other tools; a member that is not there fails the test
type Document = any;

const read = (path: string): Document => parse(readFileSync(path, 'utf8'), { merge: true });

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
