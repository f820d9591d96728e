/**
 * The URL, or undefined for what is none. `URL.canParse` of Node.js 20 rejects URLs with letters such as `ü` once it is
 * optimized.
 */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
