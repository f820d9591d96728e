import { suite } from '../../jest.config.js';

/** What needs the packages of `test/clients`: `npm run test:clients`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default suite('clients', { testTimeout: 60_000 });
