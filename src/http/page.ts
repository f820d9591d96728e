import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { prefersHtml } from './media-type.ts';
import { notFound } from './validate-request.ts';

/** A page for people, with the headers that it needs besides those of every response. */
export type HtmlPage = ReturnType<typeof createPage>;

interface PageParts {
  readonly title: string;
  /** Further elements of the head, as HTML. */
  readonly head: string;
  readonly body: string;
  /** Directives of the content security policy besides those of all pages. */
  readonly policy: Readonly<Record<string, string>>;
}

export function createPage({ title, head, body, policy }: PageParts) {
  const directives = {
    'default-src': "'none'",
    ...policy,
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
  };
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="data:,">
    <title>${title}</title>
    ${head}
  </head>
  <body>
${body}
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

/** Allows a style or a script that a page contains, by its hash. */
export function hashSource(text: string): string {
  return `'sha256-${hash('sha256', text, 'base64')}'`;
}

/** Writes a value as JSON for a script, with no character that could end the element. */
export function toScriptValue(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** `GET /` in a browser redirects. Other clients get 404, as for any unknown path. */
export function redirectToExplorer(app: FastifyInstance, explorer: Config['explorer']): void {
  if (explorer === 'off') return;
  app.get('/', { exposeHeadRoute: true }, async ({ headers }, reply) => {
    reply.header('vary', 'accept');
    if (!prefersHtml(headers.accept)) throw notFound();
    return reply.redirect(explorer === 'graphiql' ? '/graphiql' : '/graphql');
  });
}
