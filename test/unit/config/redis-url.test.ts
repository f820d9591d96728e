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
    ['redis://cache/15?cluster=false', 1, false],
  ])('%s names %i node, of a cluster: %s', (url, nodes, isCluster) => {
    const address = readRedisAddress(url);
    expect([address?.nodes.length, address?.isCluster]).toEqual([nodes, isCluster]);
  });

  it('has user and password percent-encoded, and the number of a database', () => {
    const address = readRedisAddress('redis://a%40b:p%25w%2F@cache/3');
    expect(address).toMatchObject({ username: 'a@b', password: 'p%w/', database: 3 });
  });

  it.each([
    'http://cache',
    'redis://',
    'cache:6379',
    'redis://a,b',
    'redis://a..b',
    'redis://a:0',
    'redis://a\nb',
    'redis://a,rediss://b',
    'redis://a/1,redis://b/1',
    'redis://a,redis://',
    'redis://a?cluster=true,http://b',
    'redis://cache/name',
    'redis://cache/-1',
    'redis://cache/1/2',
    'redis://cache?db=3',
    'redis://cache?connectTimeout=1',
    'redis://cache?cluster=true&keyPrefix=x',
    'redis://cache#1',
    'redis://:100%@cache',
    'redis://us%zz:p@cache?cluster=true',
  ])('%s is rejected', (url) => {
    expect(readRedisAddress(url)).toBeUndefined();
  });
});
