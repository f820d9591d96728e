/**
 * Suites beside the everyday one. Their tests are in `test/<name>/`; `npm run test:suite NAME` runs one. Where tests measure
 * the load of the machine, one file runs at a time.
 */
export const SUITES = ['browser', 'clients', 'host', 'image', 'long', 'process', 'redis', 'rolling'];
const ONE_FILE_AT_A_TIME = ['host', 'long'];

/** For two cores: tests wait for half of their time. CI runs three suites side by side. */
const MOST_WORKERS = process.env.CI === undefined ? 3 : 2;

const suite = process.env.TEST_SUITE ?? 'everyday';
const isEveryday = suite === 'everyday';

/** @type {import('jest').Config} */
const config = {
  testEnvironment: 'node',
  maxWorkers: ONE_FILE_AT_A_TIME.includes(suite) ? 1 : MOST_WORKERS,
  // A worker keeps up to 35 MB of every file that it ran. Starting another one costs less than collecting garbage among them.
  ...(isEveryday && { workerIdleMemoryLimit: '400MB' }),
  // In CI, what a failed test leaves open must not keep jest from ending.
  forceExit: process.env.CI !== undefined,
  // Only a test that hangs takes so long: a busy machine is no defect. A test of speed states its own limit.
  testTimeout: 120_000,
  testMatch: [`<rootDir>/test/${isEveryday ? '' : `${suite}/`}**/*.test.ts`],
  testPathIgnorePatterns: isEveryday ? SUITES.map((name) => `<rootDir>/test/${name}/`) : [],
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

export default config;
