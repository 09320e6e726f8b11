import type { RunResult } from './simulate.ts';

/** How to run it again, alone. */
export const replayCommand = (seed: number, postgres = false): string =>
  `node tools/run.mjs packages/testkit/src/simulator/main.ts --seed ${seed}${postgres ? ' --postgres' : ''}`;

/** Everything that is needed to run a failed world again and to see at once what went wrong. */
export function reportOf(result: RunResult, postgres = false): string {
  const { seed, faults, violations } = result;
  const first = violations.slice(0, 5).map(({ oracle, detail }) => `  ${oracle}: ${detail.slice(0, 2000)}`);
  const more = violations.length > 5 ? [`  and ${violations.length - 5} more`] : [];
  return [
    `seed ${seed}: ${violations.length} violations`,
    ...first,
    ...more,
    `  config: ${JSON.stringify(faults)}`,
    `  replay: ${replayCommand(seed, postgres)}`,
  ].join('\n');
}
