const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const;

interface SignalHandlers {
  /** Called once, for the first stop signal. */
  readonly onStop?: (signal: string) => void;
  readonly onUsr1?: () => void;
  readonly onUsr2?: () => void;
}

export type Signals = ReturnType<typeof catchSignals>;

/**
 * Catches signals from now on, so that none ends the process in the middle of its work. SIGUSR1 is caught because it
 * would open the inspector of Node.js, which runs code for any process of the machine.
 */
export function catchSignals() {
  let stopSignal: string | undefined;
  let handlers: SignalHandlers = {};
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      // Ctrl-C reaches the process from the terminal and again from npm or from the primary process.
      if (stopSignal) return;
      stopSignal = signal;
      handlers.onStop?.(signal);
    });
  }
  process.on('SIGUSR1', () => handlers.onUsr1?.());
  process.on('SIGUSR2', () => handlers.onUsr2?.());
  return {
    /** Adds handlers, which replace those for the same signals. A stop signal that came before is handled now. */
    handle(more: SignalHandlers): void {
      handlers = { ...handlers, ...more };
      if (stopSignal) more.onStop?.(stopSignal);
    },
  };
}
