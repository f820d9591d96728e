import { hash } from 'node:crypto';

/** A page for people, with the headers that it needs besides those of every response. */
export interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface PageParts {
  readonly title: string;
  /** The content of the body as HTML. */
  readonly body: string;
  /** Runs at the end of the body. */
  readonly script?: string;
  /** The URL of a script that runs before it. */
  readonly library?: string;
  /** Further rules of the page; they replace those of the same name. */
  readonly style?: string;
  /** Directives of the content security policy besides those of all pages. */
  readonly policy?: Readonly<Record<string, string>>;
}

/** The colours and shapes of the example console. */
const STYLE = `
:root { color-scheme: light dark; background: light-dark(#f6f7f9, #101217); color: light-dark(#14171f, #eceef3);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
body { margin: 0; }
main { box-sizing: border-box; max-width: 640px; margin: 10vh auto; padding: 24px; border-radius: 12px;
  border: 1px solid light-dark(#e2e5ea, #2b303b); background: light-dark(#ffffff, #181b22); }
h1 { margin: 0 0 12px; font-size: 20px; }
p { margin: 12px 0 0; }
a { color: light-dark(#4338ca, #a5a8ff); }
:focus-visible { outline: 2px solid light-dark(#4338ca, #a5a8ff); outline-offset: 2px; }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { margin: 12px 0 0; padding: 12px; border-radius: 8px; white-space: pre-wrap; background: light-dark(#f6f7f9, #101217); }
@media (max-width: 700px) { main { margin: 16px; padding: 16px; } }
`;

/** A page that is the same for every request. Its policy allows the style and the script in it by their hashes. */
export function createPage(parts: PageParts): Page {
  const { title, body, script, library, policy } = parts;
  const style = STYLE + (parts.style ?? '');
  const scriptSources = [library && new URL(library).origin, script && hashOf(script)].filter(Boolean);
  const directives = {
    'default-src': "'none'",
    'style-src': hashOf(style),
    'img-src': 'data:',
    ...(scriptSources.length > 0 ? { 'script-src': scriptSources.join(' ') } : {}),
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    ...policy,
  };
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="icon" href="data:,">
    <title>${title}</title>
    <style>${style}</style>
  </head>
  <body>
${body}${library ? `\n<script src="${library}"></script>` : ''}${script ? `\n<script>${script}</script>` : ''}
  </body>
</html>
`;
  return {
    html,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': Object.entries(directives)
        .map(([name, value]) => `${name} ${value}`)
        .join('; '),
      'referrer-policy': 'no-referrer',
      vary: 'accept',
    },
  };
}

function hashOf(text: string): string {
  return `'sha256-${hash('sha256', text, 'base64')}'`;
}

/** As JSON in a script: no character of it can end the element. */
export function toScriptValue(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
