import type { EmulatorOptions } from './emulator.ts';
import { EmulatorError } from './errors.ts';

const DEFAULT_PORT = '4010';

/** The environment of the emulator alone. Throws an EmulatorError for what it can't understand. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): EmulatorOptions {
  const { EMULATOR_PORT: port = DEFAULT_PORT, EMULATOR_HOST: host, EMULATOR_DATA_FILE: dataFile } = env;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new EmulatorError(`Expected EMULATOR_PORT to be an integer from 0 to 65535, got "${port}".`);
  }
  return {
    port: Number(port),
    ...(host ? { host } : {}),
    ...(dataFile ? { dataFile } : {}),
    ...(env.EMULATOR_SEED ? { seed: env.EMULATOR_SEED } : {}),
  };
}
