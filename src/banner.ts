import type { Config } from './config/config.ts';

const OFFLINE = 'GraphiQL, works without the internet';
const EXPLORERS = {
  sandbox: [['/graphql', 'Apollo Sandbox']],
  graphiql: [['/graphiql', OFFLINE]],
  both: [
    ['/graphql', 'Apollo Sandbox'],
    ['/graphiql', OFFLINE],
  ],
  off: [],
} as const;

interface Banner {
  readonly url: string;
  readonly explorer: Config['explorer'];
  readonly emulatorUrl: string;
  /** An `Authorization` value with sample data in the emulator. */
  readonly authorization: string;
}

/** The next steps for people who try the gateway over its emulator. */
export function bannerOf({ url, explorer, emulatorUrl, authorization }: Banner): string {
  const query = '{ tokens(first: 3) { nodes { id name projects(first: 2) { nodes { name } } } } }';
  const lines = [
    '',
    `  Ready: open ${new URL(EXPLORERS[explorer][0]?.[0] ?? '/graphql', url)} in a browser, or paste the curl below.`,
    '',
    `  GraphQL        ${url}`,
    ...EXPLORERS[explorer].map(([path, name]) => `  Explorer       ${new URL(path, url)}  (${name})`),
    `  IAM emulator   ${emulatorUrl}/iam`,
    `  Authorization  ${authorization}`,
    '',
    `  curl -s ${url} -H 'content-type: application/json' -H 'authorization: ${authorization}' \\`,
    `    -d '${JSON.stringify({ query })}'`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}
