import { describe, expect, it } from '@jest/globals';
import { toReadableLine } from '../../../src/telemetry/log.ts';

describe('A log line for people', () => {
  it.each([
    [
      '{"level":"info","time":"2026-01-02T03:04:05.678Z","service":"tokens-gateway","version":"1","pid":7,"durationMs":3,"operation":"Tokens","msg":"operation"}\n',
      '03:04:05.678 INFO  operation  durationMs=3 operation=Tokens\n',
    ],
    [
      '{"level":"error","time":"2026-01-02T03:04:05.678Z","err":{"type":"Error","stack":["at a"]},"msg":"unexpected error"}\n',
      '03:04:05.678 ERROR unexpected error  err={"type":"Error","stack":["at a"]}\n',
    ],
    [
      '{"level":"warn","time":"2026-01-02T03:04:05.678Z","msg":"Redis is lost"}\n',
      '03:04:05.678 WARN  Redis is lost\n',
    ],
    [
      '{"level":"info","time":"2026-01-02T03:04:05.678Z","path":"/a\\u001b[2J b","msg":"rejected"}\n',
      '03:04:05.678 INFO  rejected  path="/a\\u001b[2J b"\n',
    ],
  ])('%s', (json, text) => {
    expect(toReadableLine(json)).toBe(text);
  });
});
