import { expect, test } from 'vitest';
import { addCounts, countPlaywright, countVitest, noCounts, withExit } from './count-results.ts';

test('vitest: passed, failed, skipped and files that failed to load', () => {
  const assertion = (status: string) => ({ status, fullName: `a ${status} test` });
  const counts = countVitest({
    testResults: [
      { name: 'a', status: 'passed', assertionResults: [assertion('passed'), assertion('pending')] },
      { name: 'b', status: 'failed', assertionResults: [assertion('passed'), assertion('failed'), assertion('todo')] },
      { name: 'does not load', status: 'failed', assertionResults: [] },
    ],
  });
  expect(counts).toEqual({ passed: 2, failed: 2, skipped: 2, skippedNames: ['a pending test', 'a todo test'] });
});

test('playwright: nested suites, and a flaky test is a failed one', () => {
  const spec = (...statuses: string[]) => ({ title: 'spec', tests: statuses.map((status) => ({ status })) });
  const counts = countPlaywright({
    suites: [{ specs: [spec('expected')], suites: [{ specs: [spec('unexpected', 'skipped'), spec('flaky')] }] }],
  });
  expect(counts).toEqual({ passed: 1, failed: 2, skipped: 1, skippedNames: ['spec'] });
});

test('a runner that ends badly without a failed test is a failure', () => {
  expect(withExit(noCounts(), false).failed).toBe(1);
  expect(withExit({ ...noCounts(), failed: 3 }, false).failed).toBe(3);
  expect(withExit({ ...noCounts(), passed: 3 }, true).failed).toBe(0);
});

test('sums', () => {
  const sum = noCounts();
  addCounts(sum, { passed: 1, failed: 2, skipped: 1, skippedNames: ['x'] });
  addCounts(sum, { passed: 4, failed: 0, skipped: 1, skippedNames: ['y'] });
  expect(sum).toEqual({ passed: 5, failed: 2, skipped: 2, skippedNames: ['x', 'y'] });
});
