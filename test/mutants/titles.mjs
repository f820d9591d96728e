const QUOTED = String.raw`'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\x60(?:[^\x60\\]|\\.)*\x60`;
/** The first argument of a call whose second one is a function. */
const TITLE = new RegExp(String.raw`\(\s*(${QUOTED}),\s*(?:async )?\(`, 'g');
const VALUE = new RegExp(String.raw`${QUOTED}|\b\d+\b`, 'g');
const PLACEHOLDER = /%[a-z]|\$\{[^}]*\}|\$\w+/;

/**
 * True if `only` matches the title of a test or of a group in `source`. A placeholder in a title stands for any text or
 * number of the file, since its table is there too.
 */
export function hasTitle(source, only) {
  const pattern = new RegExp(only);
  const values = ['', ...(source.match(VALUE) ?? []).map(unquote)];
  const titles = [...source.matchAll(TITLE)].map(([, title]) => unquote(title).split(PLACEHOLDER));
  return titles.some((parts) => values.some((value) => pattern.test(parts.join(value))));
}

function unquote(text) {
  return text.replaceAll(/^['"`]|['"`]$/g, '').replaceAll(/\\(.)/g, '$1');
}
