import { describe, expect, it } from 'vitest';
import regressions from './regressions.json' with { type: 'json' };
import { reportOf } from './replay.ts';
import { type RunResult, simulate } from './simulate.ts';

/** One command runs more: `node packages/testkit/src/simulator/main.ts --seed 1001 --runs 5000`. */
const SEEDS = 1000;
const PART = 100;
/** Every so many seeds one is run twice. */
const TWICE = 50;

const seen = new Map<string, number>();

async function sound(seed: number): Promise<RunResult> {
  const result = await simulate(seed);
  for (const [what, times] of result.seen) seen.set(what, (seen.get(what) ?? 0) + times);
  expect(result.violations, reportOf(result)).toEqual([]);
  return result;
}

describe('devices on a bad network, with wrong clocks and killed apps', () => {
  it('hold what failed before', async () => {
    for (const seed of regressions) await sound(seed);
  });

  for (let first = 1; first <= SEEDS; first += PART) {
    it(`converge and lose nothing: seeds ${first} to ${first + PART - 1}`, { timeout: 120_000 }, async () => {
      for (let seed = first; seed < first + PART; seed++) await sound(seed);
    });
  }

  it('met everything that is worth meeting', () => {
    const rare = [
      'lost request',
      'push applied, answer lost',
      'duplicate',
      'partition',
      'killed',
      'server restart',
      'lost poke',
      'restamped',
      'conflicts',
      'lost to a later write',
      'refused: taken',
      'planned by a device',
      'executed',
      'undone',
      'undone, fields kept',
      'approved without executing',
    ];
    for (const what of rare) expect(seen.get(what) ?? 0, what).toBeGreaterThan(10);
  });
});

it('the same seed gives the same run', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= SEEDS; seed += TWICE) {
    const [one, two] = [await simulate(seed, { keepTrace: true }), await simulate(seed, { keepTrace: true })];
    expect(two.trace).toEqual(one.trace);
    expect([two.traceHash, two.stateHash]).toEqual([one.traceHash, one.stateHash]);
  }
});
