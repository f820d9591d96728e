import type { LeasedRecords, RecordKey } from './leases.ts';
import { PREFIX, type SharedState } from './redis-connection.ts';

// Each change is one script, so that nothing comes between the look at the lease and the change. The two keys of a record
// have one hash tag: on a cluster they are on one node. Leases end by the clock of Redis.
const ACQUIRE = `
local isMine = redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
return {redis.call('GET', KEYS[1]), isMine and 1 or 0, redis.call('PTTL', KEYS[2])}`;

const CHANGE = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[3] == 'write' then redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) end
if ARGV[3] == 'delete' then redis.call('DEL', KEYS[1]) end
if tonumber(ARGV[2]) > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) else redis.call('DEL', KEYS[2]) end
return 1`;

/** The records of many processes. */
export function createRedisRecords({ run }: SharedState): LeasedRecords {
  const keysOf = ({ id }: RecordKey): [string, string] => {
    const record = `${PREFIX}create:{${id}}`;
    return [record, `${record}:lease`];
  };
  return {
    async acquire(key, owner, leaseMs) {
      const reply = await run('idempotency', (redis) =>
        redis.eval(ACQUIRE, 2, ...keysOf(key), owner, Math.ceil(leaseMs)),
      );
      const [record, isMine, heldForMs] = reply as [string | null, 0 | 1, number];
      return { record: record ?? undefined, isAcquired: isMine === 1, heldForMs };
    },
    async change(key, owner, { leaseMs, record }) {
      const what = record
        ? ['write', record.text, Math.ceil(record.ttlMs)]
        : [record === null ? 'delete' : 'keep'];
      const reply = await run('idempotency', (redis) =>
        redis.eval(CHANGE, 2, ...keysOf(key), owner, Math.ceil(leaseMs), ...what),
      );
      return reply === 1;
    },
  };
}
