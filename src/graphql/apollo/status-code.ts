import type { ApolloServerPlugin } from '@apollo/server';

const GRAPHQL_RESPONSE = 'application/graphql-response+json';

/**
 * A well-formed request whose document or variables do not fit gets HTTP 400 only from those who speak the newer media
 * type. For `application/json` GraphQL over HTTP asks for 200, since older clients read no body behind a 4xx
 * (https://graphql.github.io/graphql-over-http/draft/#sec-application-json). Apollo answers 400 to both.
 */
export function responseStatus(): ApolloServerPlugin {
  const wellFormed = new Set([
    'GRAPHQL_PARSE_FAILED',
    'GRAPHQL_VALIDATION_FAILED',
    'BAD_USER_INPUT',
    'OPERATION_RESOLUTION_FAILURE',
  ]);
  return {
    async requestDidStart() {
      return {
        async willSendResponse({ request, response }) {
          if (response.http.status !== 400 || response.body.kind !== 'single') return;
          if (request.http?.headers.get('accept')?.includes(GRAPHQL_RESPONSE)) return;
          const code = response.body.singleResult.errors?.[0]?.extensions?.code;
          if (wellFormed.has(String(code))) response.http.status = 200;
        },
      };
    },
  };
}
