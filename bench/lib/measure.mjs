/** One round of one workload on one gateway. */
import { createRequests, verify } from './contestants.mjs';
import { runBursts, runLoad } from './load.mjs';
import { cpuMs, rssMb } from './process.mjs';
import { quantile } from './stats.mjs';

/**
 * Checks the responses, warms up, and returns a function that measures one round. `warm` and `round` are `{ ms }` or
 * `{ requests }`.
 */
export async function prepareMeasurement(contestant, workload, { upstream, unique, warm, round }) {
  const length = await verify(contestant, workload);
  const { port, pid } = contestant;
  const { burst, connections = burst } = workload;
  const requestAt = createRequests(contestant, workload, { unique });
  const run = burst ? runBursts : runLoad;
  const load = (amount) => run({ port, connections, requestAt, length, ...amount });
  await load(warm);

  return async () => {
    // The core's caches are cold: the other gateways have run since the last round.
    await load(fifthOf(round));
    await upstream.takeCalls();
    const cpuBefore = cpuMs(pid);
    const { requests, failures, elapsedMs, latencies } = await load(round);
    const cpuUs = ((cpuMs(pid) - cpuBefore) * 1000) / requests;
    if (failures > 0)
      throw new Error(`${failures} of ${requests} responses of ${contestant.name} were wrong`);
    return {
      perSecond: (requests / elapsedMs) * 1000,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      cpuUs,
      calls: (await upstream.takeCalls()) / requests,
      rssMb: rssMb(pid),
    };
  };
}

function fifthOf(amount) {
  return Object.fromEntries(Object.entries(amount).map(([unit, value]) => [unit, value / 5]));
}

/** Measures all `contestants` in each round, so that a disturbance of the machine affects all of them. */
export async function measureInterleaved(contestants, workload, { rounds, ...options }) {
  const { upstream } = options;
  await upstream.set({ tokens: workload.tokens, latencyMs: workload.latencyMs ?? 0 });
  const measurements = [];
  for (const contestant of contestants) {
    measurements.push({
      name: contestant.name,
      measure: await prepareMeasurement(contestant, workload, options),
    });
  }
  const results = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // Every other round is in reverse order, so that no gateway always follows the same one.
    const order = round % 2 === 0 ? measurements : measurements.toReversed();
    for (const { name, measure } of order) results[name].push(await measure());
  }
  return results;
}
