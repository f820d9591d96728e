import type { Exchange, FaultTable } from './fault.ts';

/** The answer sends the client somewhere else. */
export const redirectFaults: FaultTable = {
  'redirect-302': (exchange) => redirect(exchange, 302, exchange.redirectOrigin + exchange.request.url),
  'redirect-307': (exchange) => redirect(exchange, 307, exchange.redirectOrigin + exchange.request.url),
  'redirect-same': (exchange) => redirect(exchange, 307, `${exchange.origin}/iam/v1/sts/whoami`),
  'redirect-loop': (exchange) => redirect(exchange, 307, exchange.origin + exchange.request.url),
  'redirect-file': (exchange) => redirect(exchange, 302, 'file:///etc/passwd'),
  'redirect-metadata': (exchange) =>
    redirect(exchange, 302, 'http://169.254.169.254/latest/meta-data/iam/security-credentials/'),
};

function redirect({ response }: Exchange, status: number, location: string): void {
  response.writeHead(status, { location, 'content-length': '0' }).end();
}
