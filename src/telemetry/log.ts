import { pino } from 'pino';

interface LogOptions {
  readonly level: string;
  readonly version: string;
  /** Takes one line of JSON with its newline. */
  readonly write: (line: string) => void;
}

export type Log = ReturnType<typeof createLog>;

/** One JSON object a line, with the time as in ISO 8601 and the level by name. Child loggers follow its level. */
export function createLog({ level, version, write }: LogOptions) {
  return pino(
    {
      level,
      base: { service: 'tokens-gateway', version, pid: process.pid },
      timestamp: createTimestamp(),
      formatters: { level: (name) => ({ level: name }) },
      // No line contains a header; this redaction is a second line of defence.
      redact: ['authorization', '*.authorization', '*.*.authorization'],
    },
    { write },
  );
}

/**
 * The member `time` in ISO 8601. Formats a date only once a second, because that takes about as long as the rest of the
 * line.
 */
function createTimestamp(): () => string {
  let second = 0;
  let text = '';
  return () => {
    const now = Date.now();
    const ms = now % 1000;
    if (now - ms !== second) {
      second = now - ms;
      text = new Date(second).toISOString().slice(0, -'000Z'.length);
    }
    return `,"time":"${text}${String(ms).padStart(3, '0')}Z"`;
  };
}

/** The level that SIGUSR2 changes to: `configured`, `debug`, `trace`, and `configured` again. */
export function nextLevel(current: string, configured: string): string {
  const levels = [...new Set([configured, 'debug', 'trace'])];
  return levels[(levels.indexOf(current) + 1) % levels.length] ?? configured;
}

/** Fields with a fixed place at the beginning of a text line, or omitted because all lines have the same value. */
const OWN_PLACE = new Set(['level', 'time', 'service', 'version', 'pid', 'msg']);

/** A line of the log for people: `12:00:01.123 INFO  operation  durationMs=3 operation=Tokens`. */
export function toReadableLine(json: string): string {
  const line: Readonly<Record<string, unknown>> = JSON.parse(json);
  const time = String(line.time).slice(11, 23);
  const level = String(line.level).toUpperCase().padEnd(5);
  const fields = Object.entries(line)
    .filter(([name, value]) => !OWN_PLACE.has(name) && value !== null)
    .map(([name, value]) => `${name}=${formatValue(value)}`);
  return `${[time, level, line.msg, '', ...fields].join(' ').trimEnd()}\n`;
}

/** Escapes control characters, which a terminal would interpret. */
function formatValue(value: unknown): string {
  return typeof value === 'string' && /^[\w:./@+-]+$/.test(value) ? value : JSON.stringify(value);
}
