import type { FastifyBaseLogger } from 'fastify';

/** Writes down one attempt of an upstream call, at `debug`. Makes no line where none is wanted: a request may be many calls. */
export function createCallLog(
  log: FastifyBaseLogger,
): (report: { readonly failure: Error | undefined }) => void {
  if (log.level !== 'debug' && log.level !== 'trace') return () => {};
  return (report) => log.debug({ ...report, failure: report.failure?.message }, 'upstream');
}
