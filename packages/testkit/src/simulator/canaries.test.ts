import { expect, expectTypeOf, it } from 'vitest';
import { canaries, canaryNames, type UntriedOracle } from './canaries.ts';
import { simulate } from './simulate.ts';

/** Far below the 2,000 that are allowed: a canary that lives longer means that the worlds have become too tame. */
const SEEDS_MAX = 200;

it.each(canaryNames)('%s is caught by each oracle that watches for it', { timeout: 60_000 }, async (name) => {
  const blind = new Set<string>(canaries[name].caughtBy);
  for (let seed = 1; seed <= SEEDS_MAX && blind.size > 0; seed++) {
    const { violations } = await simulate(seed, { canary: name });
    for (const { oracle } of violations) blind.delete(oracle);
  }
  expect([...blind]).toEqual([]);
});

it('every oracle has a canary', () => {
  expectTypeOf<UntriedOracle>().toBeNever();
  expect(canaryNames.flatMap((name) => canaries[name].caughtBy)).not.toContain('no-exception');
});
