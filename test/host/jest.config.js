import { suite } from '../../jest.config.js';

/** What needs root: namespaces, and ports below 1024. `npm run test:host`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default suite('host', { maxWorkers: 1, testTimeout: 60_000 });
