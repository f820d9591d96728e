import { suite } from '../../jest.config.js';

/** The suites that take too long for `npm test`: `npm run test:long`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default suite('long', {
  // One suite at a time: what is measured under load must not be the load of another suite.
  maxWorkers: 1,
});
