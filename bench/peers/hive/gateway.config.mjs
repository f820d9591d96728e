import { defineConfig } from '@graphql-hive/gateway';

export const gatewayConfig = defineConfig({
  pollingInterval: 0,
  graphiql: false,
  landingPage: false,
  logging: 'error',
  deduplicateRequest: true,
  maskedErrors: false,
});
