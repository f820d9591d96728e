/** The emulator was asked for something it can't do; the message says what and is fit to be shown. */
export class EmulatorError extends Error {
  override readonly name = 'EmulatorError';
}
