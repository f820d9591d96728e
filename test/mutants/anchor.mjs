/**
 * `source` with one expression of one function replaced. Neither formatting nor code outside the function matters: blanks
 * and line breaks of `find` count only between two words. Without `within` the whole file is searched. Throws an Error
 * when the function or the expression is not there exactly once.
 */
export function applyDefect(source, { within, find, replace }) {
  const [start, end] = within === undefined ? [0, source.length] : findDeclaration(source, within);
  const body = source.slice(start, end);
  const pattern = toPattern(find);
  const count = [...body.matchAll(pattern)].length;
  if (count !== 1) {
    throw new Error(`\`${find}\` is there ${count} times${within === undefined ? '' : ` in ${within}`}`);
  }
  return source.slice(0, start) + body.replace(pattern, () => replace) + source.slice(end);
}

/**
 * From the declaration of a function, method or constant to the next line that is indented as little and closes no
 * bracket, which is where a declaration ends in code that Biome has formatted.
 */
function findDeclaration(source, name) {
  const declaration = new RegExp(
    `^( *)(?:export )?(?:(?:async )?function\\*? ${name}\\b.*|const ${name}\\b.*|(?:async )?${name}(?:<.*>)?\\(.*\\{|${name}: .*=>.*)$`,
    'gm',
  );
  const matches = [...source.matchAll(declaration)];
  if (matches.length !== 1) throw new Error(`${name} is declared ${matches.length} times`);
  const [{ index, 0: line, 1: indent }] = matches;
  const start = index + line.length;
  const isEnd = (next) => next.search(/\S/) < indent.length || !/^[\s)}\]]/.test(next.slice(indent.length));
  let end = start;
  for (const next of source.slice(start + 1).split('\n')) {
    if (next !== '' && isEnd(next)) break;
    end += next.length + 1;
  }
  return [index, end];
}

function toPattern(text) {
  const tokens = text.match(/\w+|[^\w\s]/g) ?? [];
  const escaped = tokens.map((token) => token.replace(/^\W/, '\\$&'));
  const isWord = (token) => /^\w/.test(token);
  const pattern = escaped.reduce(
    (sum, token, index) => `${sum}${isWord(token) && isWord(escaped[index - 1]) ? '\\s+' : '\\s*'}${token}`,
  );
  return new RegExp(`${isWord(pattern) ? '\\b' : ''}${pattern}${isWord(escaped.at(-1)) ? '\\b' : ''}`, 'g');
}
