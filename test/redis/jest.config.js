import everyday from '../../jest.config.js';

/** What needs a `redis-server` on this machine: `npm run test:redis`. */
// biome-ignore lint/style/noDefaultExport: the form that jest reads
export default {
  ...everyday,
  rootDir: '../..',
  testTimeout: 60_000,
  testMatch: ['<rootDir>/test/redis/**/*.test.ts'],
  testPathIgnorePatterns: [],
};
