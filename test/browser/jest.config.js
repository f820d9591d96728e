import { suite } from '../../jest.config.js';

/** In Debian's Chromium: `npm run test:browser`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default suite('browser', { testTimeout: 60_000 });
