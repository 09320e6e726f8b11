// Reads what the test runners report as JSON, so that the last line of `npm test` is a sum of facts.

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Names of skipped tests: none is skipped silently. */
  skippedNames: string[];
}

export function noCounts(): Counts {
  return { passed: 0, failed: 0, skipped: 0, skippedNames: [] };
}

export function addCounts(sum: Counts, more: Counts): void {
  sum.passed += more.passed;
  sum.failed += more.failed;
  sum.skipped += more.skipped;
  sum.skippedNames.push(...more.skippedNames);
}

interface VitestReport {
  testResults: {
    name: string;
    status: string;
    assertionResults: { status: string; fullName: string }[];
  }[];
}

/** Counts vitest's `json` report. A file that failed before its first test counts as one failed test. */
export function countVitest(report: VitestReport): Counts {
  const counts = noCounts();
  for (const file of report.testResults) {
    const failedBefore = counts.failed;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') counts.failed += 1;
      else {
        counts.skipped += 1;
        counts.skippedNames.push(test.fullName);
      }
    }
    if (file.status === 'failed' && counts.failed === failedBefore) counts.failed += 1;
  }
  return counts;
}

interface PlaywrightSuite {
  specs?: { title: string; tests: { status: string }[] }[];
  suites?: PlaywrightSuite[];
}

/** Counts Playwright's `json` report. A test that only passed when repeated counts as failed: it is not to be relied on. */
export function countPlaywright(report: { suites?: PlaywrightSuite[] }): Counts {
  const counts = noCounts();
  const visit = (suite: PlaywrightSuite): void => {
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests) {
        if (test.status === 'expected') counts.passed += 1;
        else if (test.status === 'skipped') {
          counts.skipped += 1;
          counts.skippedNames.push(spec.title);
        } else counts.failed += 1;
      }
    }
    for (const inner of suite.suites ?? []) visit(inner);
  };
  for (const suite of report.suites ?? []) visit(suite);
  return counts;
}

/** A runner that failed although none of its tests did (it crashed, or its set-up failed) is one failure. */
export function withExit(counts: Counts, ok: boolean): Counts {
  return ok || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}
