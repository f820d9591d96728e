/**
 * The client of undici alone. The package as a whole also loads fetch, WebSocket, caches and mocks, a tenth of the CPU
 * of a start, and then gives its clients methods such as `request`.
 */
declare module 'undici/lib/dispatcher/client.js' {
  import type { Client as WholeClient } from 'undici';

  type Client = Pick<WholeClient, 'dispatch' | 'destroy' | 'on'>;
  const Client: new (...parameters: ConstructorParameters<typeof WholeClient>) => Client;
  export = Client;
}
