// Jest in a process that stays: to start it, and to run its first test with cold code, takes longer than most of the tests.
import { runCLI } from 'jest';

/** A process keeps up to 35 MB of every file that it ran. Starting another one costs less than collecting garbage among them. */
const MAX_BYTES = 400_000_000;

process.on('message', async (options) => {
  const { results } = await runCLI(options, [process.cwd()]);
  const tests = results.testResults.flatMap(({ testResults }) => testResults);
  const report = {
    isPassed: results.success,
    failed: tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
    output: results.testResults.map(({ failureMessage }) => failureMessage ?? '').join('\n'),
  };
  process.send(report, () => {
    if (process.memoryUsage.rss() > MAX_BYTES) process.exit();
  });
});
