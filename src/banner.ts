import type { Config } from './config/config.ts';

/** The emulator's principal with the sample data. */
export const SAMPLE_AUTHORIZATION = 'Bearer demo';

const SANDBOX = ['/graphql', 'Apollo Sandbox'] as const;
const GRAPHIQL = ['/graphiql', 'GraphiQL, works without the internet'] as const;
const EXPLORERS = { sandbox: [SANDBOX], graphiql: [GRAPHIQL], both: [SANDBOX, GRAPHIQL], off: [] };

/** The next steps for people who try the gateway over its emulator. */
export function bannerOf(url: string, explorer: Config['explorer'], emulatorUrl: string): string {
  const query = '{ tokens(first: 3) { nodes { id name projects(first: 2) { nodes { name } } } } }';
  const pages = EXPLORERS[explorer];
  return `
  Ready: open ${new URL(pages[0]?.[0] ?? '/graphql', url)} in a browser, or paste the curl below.

  GraphQL        ${url}
${pages.map(([path, name]) => `  Explorer       ${new URL(path, url)}  (${name})\n`).join('')}  IAM emulator   ${emulatorUrl}/iam
  Authorization  ${SAMPLE_AUTHORIZATION}

  curl -s ${url} -H 'content-type: application/json' -H 'authorization: ${SAMPLE_AUTHORIZATION}' \\
    -d '${JSON.stringify({ query })}'

`;
}
