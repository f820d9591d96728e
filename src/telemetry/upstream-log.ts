import type { FastifyBaseLogger } from 'fastify';

/** Writes one line for each attempt of an upstream call, at `debug`. Does nothing at other levels: a request may be many calls. */
export function createCallLog(
  log: FastifyBaseLogger,
): (report: { readonly failure: Error | undefined }) => void {
  return (report) => {
    // The level may change at any time.
    if (log.level === 'debug' || log.level === 'trace')
      log.debug({ ...report, failure: report.failure?.message }, 'upstream');
  };
}
