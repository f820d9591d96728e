/** How a suite differs from the everyday one. Its tests are in `test/<name>/`; `npm run test:suite NAME` runs it. */
const SUITES = {
  browser: { testTimeout: 60_000 },
  clients: { testTimeout: 60_000 },
  host: { maxWorkers: 1, testTimeout: 60_000 },
  image: { testTimeout: 60_000 },
  // One file at a time: the load that one measures must not be the load of another.
  long: { maxWorkers: 1 },
  process: { testTimeout: 60_000 },
  redis: { testTimeout: 60_000 },
  rolling: { testTimeout: 120_000 },
};

const suite = process.env.TEST_SUITE ?? 'everyday';
const isEveryday = suite === 'everyday';

/** @type {import('jest').Config} */
const config = {
  testEnvironment: 'node',
  // Jest keeps one core free by default: on two that is half the speed.
  maxWorkers: 2,
  // Generous: a busy machine is no defect. A test of speed states its own limit.
  testTimeout: 30_000,
  testMatch: [`<rootDir>/test/${isEveryday ? '' : `${suite}/`}**/*.test.ts`],
  testPathIgnorePatterns: isEveryday ? Object.keys(SUITES).map((name) => `<rootDir>/test/${name}/`) : [],
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  ...SUITES[suite],
};

export default config;
