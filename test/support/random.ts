/** Randomness that is the same for the same seed. */
export interface Random {
  /** 0 up to, but not including, 1. */
  next(): number;
  /** An integer from 0 to `max`. */
  integer(max: number): number;
  chance(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

/** mulberry32: 32 bits of state are plenty for tests. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (max: number) => Math.floor(next() * (max + 1));
  return {
    next,
    integer,
    chance: (share) => next() < share,
    pick<Item>(items: readonly Item[]) {
      if (items.length === 0) throw new Error('Expected something to pick from, got an empty list.');
      return items[integer(items.length - 1)] as Item;
    },
  };
}

/** From the environment variable `name`, to repeat a run, or a new one. Printed either way. */
export function readSeed(name: string): number {
  const seed = Number(process.env[name] ?? Math.floor(Math.random() * 2 ** 32));
  process.stdout.write(`${name}=${seed}\n`);
  return seed;
}
