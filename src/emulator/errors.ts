/** A request or a setting that the emulator cannot serve. The message is written for its user. */
export class EmulatorError extends Error {
  override readonly name = 'EmulatorError';
}
