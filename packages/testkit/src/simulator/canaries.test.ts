import { expect, it } from 'vitest';
import { canaries, canaryNames } from './canaries.ts';
import { reportOf } from './replay.ts';
import { simulate } from './simulate.ts';

/** Far below the 2,000 that are allowed: a canary that lives longer means that the worlds have become too tame. */
const SEEDS_MAX = 200;

it.each(canaryNames)('%s is caught', { timeout: 60_000 }, async (name) => {
  const expected: readonly string[] = canaries[name].caughtBy;
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const result = await simulate(seed, { canary: name });
    if (result.violations.length === 0) continue;
    const found = result.violations.map(({ oracle }) => oracle);
    expect(
      found.some((oracle) => expected.includes(oracle)),
      reportOf(result),
    ).toBe(true);
    return;
  }
  expect.fail(`${SEEDS_MAX} seeds and no oracle saw it`);
});
