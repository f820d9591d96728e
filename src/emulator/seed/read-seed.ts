import { EmulatorError } from '../errors.ts';
import { describeReadError, readStateFile } from '../state-file.ts';
import type { State } from '../store.ts';
import { isState } from '../validate.ts';
import { demoSeed, largeSeed } from './demo.ts';
import { type Seed, stateOf } from './seed.ts';

/** `demo`, `empty`, `large`, the path of a JSON file in the form of `Seed`, or a seed. */
export async function readSeed(seed: string | Seed): Promise<State> {
  if (seed === 'demo') return stateOf(demoSeed());
  if (seed === 'large') return stateOf(largeSeed());
  if (seed === 'empty') return stateOf({ principals: {} });
  const source = typeof seed === 'string' ? `EMULATOR_SEED ${seed}` : 'the seed';
  const state = tryState(typeof seed === 'string' ? readJsonFile(seed) : seed);
  if (isState(state)) return state;
  const [fault] = isState.errors ?? [];
  const where = fault === undefined ? '' : ` (${fault.instancePath || '/'} ${fault.message})`;
  throw new EmulatorError(`Expected ${source} to hold principals with tokens, got something else${where}.`);
}

function readJsonFile(file: string): unknown {
  try {
    return JSON.parse(readStateFile(file));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) {
      const expected = 'Expected EMULATOR_SEED to be demo, empty, large or a readable JSON file';
      throw new EmulatorError(`${expected}, got ${file} (${describeReadError(cause)}).`, { cause });
    }
    throw new EmulatorError(`Expected EMULATOR_SEED ${file} to be JSON, got something else.`, { cause });
  }
}

/** Anything may be in a file; what can't even be completed is no state. */
function tryState(seed: unknown): State | undefined {
  try {
    return stateOf(seed as Seed);
  } catch {
    return undefined;
  }
}
