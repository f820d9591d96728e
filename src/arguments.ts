import { type Config, ConfigError } from './config/config.ts';
import { type VariableName, variables } from './config/variables.ts';

const COMMANDS = ['--help', '--version', '--check-config'] as const;

/** The command in the arguments of the program; undefined runs it. Throws a `ConfigError` for an unknown argument. */
export function readArguments([first, ...more]: readonly string[]): (typeof COMMANDS)[number] | undefined {
  const command = COMMANDS.find((name) => name === first);
  const unknown = command === undefined ? first : more[0];
  if (unknown === undefined) return command;
  throw new ConfigError([
    `Unknown argument ${JSON.stringify(unknown)}: the gateway is configured by environment variables. --help lists the most used.`,
  ]);
}

const MOST_USED: readonly VariableName[] = [
  'PORT',
  'HOST',
  'API_GATEWAY_URL',
  'EMULATOR',
  'AUTH_MODE',
  'EXPLORER',
  'ADMIN_PORT',
  'WORKERS',
  'REDIS_URL',
  'LOG_LEVEL',
];

export function helpText(): string {
  return `Tokens Gateway: GraphQL over the Affinidi IAM Tokens API

Usage:
  npm start                      starts the gateway, configured by environment variables
  npm start -- --check-config    reports every problem of the configuration, or prints it without its secrets
  npm start -- --version
  npm start -- --help
  npm run quickstart             starts it over the IAM emulator, with sample data

Most used variables:
${MOST_USED.map(describeVariable).join('\n')}

All variables: docs/configuration.md. Signals, exit codes and metrics: docs/operator-guide.md.
`;
}

function describeVariable(name: VariableName): string {
  const { meaning, defaultText } = variables[name];
  return `  ${name.padEnd(16)} ${meaning.replaceAll('`', '')} (default: ${defaultText})`;
}

/** The effective configuration as JSON. Secrets and the contents of files are left out. */
export function describeConfig(config: Config): string {
  const withoutContents = (key: string, value: unknown) => (key === 'text' ? '[content of the file]' : value);
  return `${JSON.stringify(config, withoutContents, 2)}\n`;
}
