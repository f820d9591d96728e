/** @type {import('jest').Config} */
const everyday = {
  testEnvironment: 'node',
  // Jest keeps one core free by default: on two that is half the speed.
  maxWorkers: 2,
  // Generous: a busy machine is no defect. What must be quick says so itself.
  testTimeout: 30_000,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Suites of their own: they take longer, or need more than npm.
  testPathIgnorePatterns: ['long', 'browser', 'redis', 'clients', 'rolling', 'host', 'image'].map(
    (suite) => `<rootDir>/test/${suite}/`,
  ),
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

export default everyday;

/** A suite of its own in `test/<name>`, with `more` settings. */
export const suite = (name, more) => ({
  ...everyday,
  rootDir: '../..',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testPathIgnorePatterns: [],
  ...more,
});
