/** Fields that a line for people begins with, or leaves out because all lines have the same. */
const OWN_PLACE = new Set(['level', 'time', 'service', 'version', 'pid', 'msg']);

/**
 * A line of the log for people: `12:00:01.123 INFO  operation  durationMs=3 operation=Tokens`. Anything that is not a
 * JSON object is returned as it is.
 */
export function toReadableLine(json: string): string {
  const line = parse(json);
  if (!line) return json;
  const time = String(line.time).slice(11, 23);
  const level = String(line.level).toUpperCase().padEnd(5);
  const fields = Object.entries(line)
    .filter(([name, value]) => !OWN_PLACE.has(name) && value !== null)
    .map(([name, value]) => `${name}=${toText(value)}`);
  return `${[time, level, line.msg, fields.length > 0 ? ` ${fields.join(' ')}` : ''].join(' ').trimEnd()}\n`;
}

/** Without characters that a terminal would obey. */
function toText(value: unknown): string {
  return typeof value === 'string' && /^[\w:./@+-]+$/.test(value) ? value : JSON.stringify(value);
}

function parse(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
