// Adds up the results in a folder: jest's own as *.json, and "passed" or "failed" for other checks as *.step.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
let passed = 0;
const failures = [];

for (const name of readdirSync(folder).filter((each) => /\.(json|step)$/.test(each))) {
  const content = readFileSync(join(folder, name), 'utf8');
  if (name.endsWith('.json')) addSuite(name, JSON.parse(content));
  else if (content.trim() === 'passed') passed++;
  else failures.push(name.replace('.step', ''));
}

function addSuite(name, { numPassedTests, testResults }) {
  passed += numPassedTests;
  if (numPassedTests === 0) failures.push(`${name}: no test passed`);
  for (const { assertionResults, message, name: file, status } of testResults) {
    // A file that could not be loaded has no tests to count.
    if (status === 'failed' && assertionResults.every((test) => test.status === 'passed')) {
      failures.push(`${file}: ${message.split('\n')[0]}`);
    }
    for (const test of assertionResults) {
      // Skipped ("pending") and "todo" are failures here: a promise that nobody checked.
      if (test.status !== 'passed') failures.push(`${test.status}: ${test.fullName}`);
    }
  }
}

for (const failure of failures) console.log(failure);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
