import everyday from '../../jest.config.js';

/** The suites that take too long for `npm test`: `npm run test:long`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default {
  ...everyday,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/long/**/*.test.ts'],
  testPathIgnorePatterns: [],
};
