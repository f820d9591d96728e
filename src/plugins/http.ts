import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyError, FastifyInstance } from 'fastify';
import { describeBug } from '../bug.ts';

/** The caller's `x-request-id` when it is well-formed, else ours. It is echoed, logged and sent upstream. */
export function readRequestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const id = headers['x-request-id'];
  return typeof id === 'string' && /^[A-Za-z0-9_.:-]{1,128}$/.test(id) ? id : randomUUID();
}

/** What holds of every answer, whatever path it is for: headers, and errors in the shape of GraphQL's. */
export function httpRules(app: FastifyInstance, isDraining: () => boolean): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': request.id,
    });
  });
  // Not on arrival: what was in flight when the drain began must not leave an idle connection behind either.
  app.addHook('onSend', async (_request, reply) => {
    if (isDraining()) reply.header('connection', 'close');
  });
  app.removeContentTypeParser('text/plain');
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .send(errorBody('NOT_FOUND', 'There is nothing at this path. The GraphQL endpoint is /graphql.')),
  );
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      request.log.error({ requestId: request.id, err: describeBug(error) }, 'bug');
      return reply
        .code(500)
        .send(errorBody('INTERNAL_SERVER_ERROR', 'Internal server error', { requestId: request.id }));
    }
    return reply.code(status).send(errorBody('BAD_REQUEST', MESSAGES[status] ?? 'The request is malformed.'));
  });
}

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'The body is not valid JSON.',
  413: 'The body is too large.',
  415: 'Send the request as `content-type: application/json`.',
};

/** A refusal of HTTP's in the shape of a GraphQL answer. */
export function errorBody(
  code: string,
  message: string,
  extensions: Readonly<Record<string, unknown>> = {},
): object {
  return { errors: [{ message, extensions: { code, ...extensions } }] };
}
