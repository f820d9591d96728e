import { namedUuid } from '../ids.ts';
import type { StoredToken } from '../store.ts';
import { stateOf } from './seed.ts';

/**
 * The token behind an id such as `fault-hang`. It is nobody's and in no list: each principal that asks sees it as
 * its own, so that a fault can be tried without setting anything up. It has 25 projects, a second page for most.
 */
export function sampleToken(tokenId: string, principal: string): StoredToken | undefined {
  if (!tokenId.startsWith('fault-')) return undefined;
  const projects = Array.from({ length: 25 }, (_, index) => ({
    id: namedUuid(`sample/project/${index}`),
    name: `Sample ${String(index + 1).padStart(2, '0')}`,
  }));
  const token = { id: tokenId, name: `sample of ${tokenId}`, projects };
  return stateOf({ principals: { [principal]: { tokens: [token] } } }).tokens[0];
}
