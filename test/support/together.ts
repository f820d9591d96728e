import type { Gateway } from './gateway.ts';
import { until } from './until.ts';

type Requests<Answers extends readonly unknown[]> = { [Key in keyof Answers]: () => Promise<Answers[Key]> };

/**
 * Sends `requests`, each of which reads from IAM once, and holds back what IAM responds until all of them wait for it, by a
 * call of their own or for that of another. `waiting` is their number, where some are rejected. The gateway needs
 * `ADMIN_PORT`.
 */
export async function together<const Answers extends readonly unknown[]>(
  gateway: Gateway,
  requests: Requests<Answers>,
  waiting = requests.length,
): Promise<Answers> {
  const { faults } = gateway.emulator;
  const underWay = async () => gateway.calls().length + (await coalesced(gateway));
  const before = await underWay();
  for (const operation of ['listToken', 'getToken'] as const)
    faults.add({ fault: 'latency-90000', operation });
  const answers = Promise.all(requests.map((send) => send())) as unknown as Promise<Answers>;
  await Promise.race([until(async () => (await underWay()) >= before + waiting, 20), answers]);
  faults.clear();
  return answers;
}

/** How many reads and operations were coalesced with another so far. */
export async function coalesced({ adminOrigin }: Gateway): Promise<number> {
  const text = await (await fetch(`${adminOrigin}/metrics`)).text();
  return [...text.matchAll(/work_total\{[^}]*outcome="coalesced"\} (\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}
