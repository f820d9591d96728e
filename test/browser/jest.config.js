import everyday from '../../jest.config.js';

/** In Debian's Chromium: `npm run test:browser`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default {
  ...everyday,
  rootDir: '../..',
  testTimeout: 60_000,
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  testPathIgnorePatterns: [],
};
