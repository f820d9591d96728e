import { suite } from '../../jest.config.js';

/** The image, built and run by Debian's buildah: `npm run test:image`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default suite('image', { testTimeout: 60_000 });
