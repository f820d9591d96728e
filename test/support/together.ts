import type { Gateway } from './gateway.ts';
import { until } from './until.ts';

type Requests<Answers extends readonly unknown[]> = { [Key in keyof Answers]: () => Promise<Answers[Key]> };

/**
 * Sends `requests`, and holds back what IAM responds to `held` until all of them wait for it, by a call of their own or for
 * that of another. `reads` is how many reads they begin together until then, where that is not one each. The gateway needs
 * `ADMIN_PORT`.
 */
export async function together<const Answers extends readonly unknown[]>(
  gateway: Gateway,
  requests: Requests<Answers>,
  {
    reads = requests.length,
    held = ['listToken', 'getToken'],
  }: { reads?: number; held?: readonly ('listToken' | 'getToken' | 'listProjectsOfToken')[] } = {},
): Promise<Answers> {
  const { faults } = gateway.emulator;
  const underWay = async () => gateway.calls().length + (await coalesced(gateway));
  const before = await underWay();
  for (const operation of held) faults.add({ fault: 'latency-90000', operation });
  const answers = Promise.all(requests.map((send) => send())) as unknown as Promise<Answers>;
  await Promise.race([until(async () => (await underWay()) >= before + reads, 20), answers]);
  faults.clear();
  return answers;
}

/** How many reads and operations were coalesced with another so far. */
export async function coalesced({ metrics }: Gateway): Promise<number> {
  return [...(await metrics()).matchAll(/work_total\{[^}]*outcome="coalesced"\} (\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}
