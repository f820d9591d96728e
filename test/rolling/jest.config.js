import { suite } from '../../jest.config.js';

/** Replicas behind Debian's HAProxy: `npm run test:rolling`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default suite('rolling', { testTimeout: 120_000 });
