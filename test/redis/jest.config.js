import { suite } from '../../jest.config.js';

/** What needs a `redis-server` on this machine: `npm run test:redis`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default suite('redis', { testTimeout: 60_000 });
