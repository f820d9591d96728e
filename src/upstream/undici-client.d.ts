/**
 * The client of undici alone. The whole package also loads fetch, WebSocket, caches and mocks, which takes a tenth of the
 * CPU of a start, and only then gives its clients methods such as `request`.
 */
declare module 'undici/lib/dispatcher/client.js' {
  import type { Client as WholeClient } from 'undici';

  type Client = Pick<WholeClient, 'dispatch' | 'destroy' | 'on'>;
  const Client: new (...parameters: ConstructorParameters<typeof WholeClient>) => Client;
  export = Client;
}
