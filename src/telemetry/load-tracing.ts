import type { FastifyBaseLogger } from 'fastify';
import type { Tracing } from './tracing.ts';

/** OpenTelemetry is loaded only where it is wanted: it is as large as much of the rest. */
export async function loadTracing(log: FastifyBaseLogger): Promise<Tracing> {
  const { createTracing } = await import('./tracing.ts');
  return createTracing(log);
}
