import { describe, expect, it } from '@jest/globals';
import { createLoopMonitor, createShedDetector } from '../../../src/admission/overload.ts';

describe('Requests that were shed', () => {
  const start = (spacingMs: number, count: number) => {
    let now = 0;
    const sheds = createShedDetector(() => now);
    for (let index = 0; index < count; index++) {
      if (index > 0) now += spacingMs;
      sheds.add();
    }
    const lastAt = now;
    return (afterMs: number) => {
      now = lastAt + afterMs;
      return sheds.areMany();
    };
  };

  it('mean an overload from the hundredth within five seconds on', () => {
    expect(start(50, 99)(0)).toBe(false);
    expect(start(50, 100)(0)).toBe(true);
    expect(start(51, 100)(0)).toBe(false);
    expect(start(51, 1000)(0)).toBe(false);
  });

  it('mean an overload for ten seconds after the last of them', () => {
    expect(start(10, 100)(9_999)).toBe(true);
    expect(start(10, 100)(10_000)).toBe(false);
    expect(start(10, 500)(9_999)).toBe(true);
  });
});

describe('The event loop', () => {
  it('is late when the timer is, even before the timer runs, and for two seconds after', () => {
    let now = 0;
    const loop = createLoopMonitor(() => now);
    expect(loop.isLate()).toBe(false);
    loop.start();
    now = 800;
    expect(loop.isLate()).toBe(false);
    now = 1000;
    expect(loop.isLate()).toBe(true);
    loop.stop();
    now = 3100;
    expect(loop.isLate()).toBe(false);
  });

  it('is not watched any more after the end', () => {
    let now = 0;
    const loop = createLoopMonitor(() => now);
    loop.start();
    loop.stop();
    now = 10_000;
    expect(loop.isLate()).toBe(false);
  });
});
