import { describe, expect, it } from '@jest/globals';
import { readRedisAddress } from '../../../src/config/urls.ts';

describe('REDIS_URL', () => {
  it.each([
    ['redis://cache', 1, false],
    ['rediss://user:p@cache:6380/2', 1, false],
    ['redis://:pass,word@cache', 1, false],
    ['redis://cache?cluster=true', 1, true],
    ['redis://a:1,redis://b:2', 2, true],
    ['rediss://:secret@a, rediss://b/0, rediss://c/', 3, true],
  ])('%s names %i node, of a cluster: %s', (url, nodes, isCluster) => {
    const address = readRedisAddress(url);
    expect([address?.nodes.length, address?.isCluster]).toEqual([nodes, isCluster]);
  });

  it.each([
    'http://cache',
    'redis://',
    'cache:6379',
    'redis://a,b',
    'redis://a,rediss://b',
    'redis://a/1,redis://b/1',
    'redis://a,redis://',
    'redis://a?cluster=true,http://b',
  ])('%s is refused', (url) => {
    expect(readRedisAddress(url)).toBeUndefined();
  });
});
