import { parseArgs } from 'node:util';

/** `defaults` has a number, text, list or switch for each option. An option is parsed by the type of its default. */
export function readOptions(defaults) {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      { type: typeof value === 'boolean' ? 'boolean' : 'string' },
    ]),
  );
  const { values } = parseArgs({ options });
  const read = Object.entries(values).map(([name, value]) => [name, readAs(defaults[name], value, name)]);
  return { ...defaults, ...Object.fromEntries(read) };
}

function readAs(like, value, name) {
  if (Array.isArray(like)) return value.split(',').filter((item) => item !== '');
  if (typeof like !== 'number') return value;
  const number = Number(value);
  if (!Number.isFinite(number)) throw new Error(`Expected --${name} to be a number, got ${value}`);
  return number;
}
