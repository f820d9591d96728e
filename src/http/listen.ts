import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { ConfigError } from '../config/config.ts';

interface Listener {
  readonly host: string;
  readonly port: number;
  /** The variables that set these two. */
  readonly variables: { readonly host: string; readonly port: string };
}

/** Rejects with a `ConfigError` when the address cannot be had. */
export async function listen(app: FastifyInstance, { host, port, variables }: Listener): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: () => LISTENING });
  } catch (error) {
    throw new ConfigError([describeListenError(error, { host, port, variables })]);
  }
}

function describeListenError(error: unknown, { host, port, variables }: Listener): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use. Set ${variables.port}, or stop what uses it.`;
    case 'EACCES':
      return `Port ${port} needs more rights than this process has. Set ${variables.port} to 1024 or above.`;
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine. Set ${variables.host} to one that is.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host name ${host} has no address. Set ${variables.host} to a name or an address of this machine.`;
    default:
      return `Cannot listen on ${host}, port ${port}: ${error instanceof Error ? error.message : error}`;
  }
}

const LISTENING = 'listening';

/** The same logger without the line that Fastify writes for each address: the process writes one for all. */
export function withoutListeningLines(log: FastifyBaseLogger): FastifyBaseLogger {
  const info = (...line: Parameters<FastifyBaseLogger['info']>) => {
    if ((line[0] as unknown) !== LISTENING) log.info(...line);
  };
  return Object.create(log, { info: { value: info, writable: true } });
}
