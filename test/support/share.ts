import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts';

/** What `start` resolves to, for all tests of this file: started before them, and closed after them. Empty until then. */
export function share<Part extends { close(): unknown }>(start: () => Promise<Part>): Part {
  const part = {} as Part;
  beforeAll(async () => void Object.assign(part, await start()));
  afterAll(async () => void (await part.close?.()));
  return part;
}

/** An emulator for the tests of this file, each of which begins without calls and without faults. */
export function shareEmulator(options?: EmulatorOptions): Emulator {
  const emulator = share(() => startEmulator(options));
  beforeEach(() => {
    emulator.resetCalls();
    emulator.faults.clear();
  });
  return emulator;
}
