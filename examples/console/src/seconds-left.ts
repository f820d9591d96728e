import { useEffect, useReducer } from 'react';

/** Whole seconds until a time in milliseconds of the epoch, counted down while the component is there; 0 after it. */
export function useSecondsLeft(untilMs: number | undefined): number {
  const [, tick] = useReducer((ticks: number) => ticks + 1, 0);
  useEffect(() => {
    if (untilMs === undefined) return undefined;
    const timer = setInterval(() => {
      tick();
      if (Date.now() >= untilMs) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [untilMs]);
  return untilMs === undefined ? 0 : Math.max(0, Math.ceil((untilMs - Date.now()) / 1000));
}
