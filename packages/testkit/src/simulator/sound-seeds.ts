import { expect, it } from 'vitest';
import { reportOf } from './replay.ts';
import { type RunResult, simulate } from './simulate.ts';

/** Seeds of one test. */
const PART = 100;

/** What happened in the runs of one test file, summed up: worlds that became too tame prove nothing. */
export class Coverage {
  readonly #seen = new Map<string, number>();

  add(result: RunResult): void {
    for (const [what, times] of result.seen) this.#seen.set(what, (this.#seen.get(what) ?? 0) + times);
  }
  of(what: string): number {
    return this.#seen.get(what) ?? 0;
  }
}

/** Runs one seed in memory; whatever an oracle found is told with the command that runs it again. */
export async function expectSound(seed: number, coverage: Coverage): Promise<void> {
  const result = await simulate(seed);
  coverage.add(result);
  expect(result.violations, reportOf(result)).toEqual([]);
}

/** Declares tests over a range of seeds, the last included. */
export function itIsSound(from: number, to: number, coverage: Coverage): void {
  for (let first = from; first <= to; first += PART) {
    const last = Math.min(to, first + PART - 1);
    it(`converge and lose nothing: seeds ${first} to ${last}`, { timeout: 120_000 }, async () => {
      for (let seed = first; seed <= last; seed++) await expectSound(seed, coverage);
    });
  }
}
