import { describe, expect, it } from 'vitest';
import regressions from './regressions.json' with { type: 'json' };
import { simulate } from './simulate.ts';
import { Coverage, expectSound, itIsSound } from './sound-seeds.ts';

// A thousand seeds in two files, which run beside each other. More by hand:
// node tools/run.mjs packages/testkit/src/simulator/main.ts --seed 1001 --runs 5000

const WORTH_MEETING = [
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
  'in the end rejected',
  'in the end lapsed',
  'in the end contested',
];

describe('devices on a bad network, with wrong clocks and killed apps', () => {
  const coverage = new Coverage();

  it('hold what failed before', async () => {
    for (const seed of regressions) await expectSound(seed, new Coverage());
  });

  itIsSound(1, 500, coverage);

  it('met everything that is worth meeting', () => {
    for (const what of WORTH_MEETING) expect(coverage.of(what), what).toBeGreaterThan(5);
  });
});

it('the same seed gives the same run', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 1000; seed += 50) {
    const [one, two] = [await simulate(seed, { keepTrace: true }), await simulate(seed, { keepTrace: true })];
    expect(two.trace).toEqual(one.trace);
    expect([two.traceHash, two.stateHash]).toEqual([one.traceHash, one.stateHash]);
  }
});
