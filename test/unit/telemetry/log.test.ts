import { afterEach, expect, it, jest } from '@jest/globals';
import { createLog } from '../../../src/telemetry/log.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

it('The time of a line is in UTC, to the millisecond, also when the clock is set back', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', version: '1', write: (line) => lines.push(line) });
  const times = [
    '2026-01-02T03:04:05.999Z',
    '2026-01-02T03:04:06.000Z',
    '2026-01-02T03:04:06.042Z',
    '2026-01-02T03:04:05.007Z',
    '2027-01-02T03:04:05.007Z',
  ];
  const clock = jest.spyOn(Date, 'now');
  for (const time of times) {
    clock.mockReturnValue(Date.parse(time));
    log.info('a line');
  }
  expect(lines.map((line) => JSON.parse(line).time)).toEqual(times);
});
