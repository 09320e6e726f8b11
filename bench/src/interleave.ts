/** One thing that is timed. `round` counts up over warm-ups and rounds; returns what it cost, in the side's own unit. */
export type Side = (round: number) => Promise<number>;

export interface Rounds {
  /** rounds whose timings are thrown away: caches, compiled code, pools */
  readonly warmUps: number;
  readonly rounds: number;
}

/**
 * Times several sides in turns, so that whatever else the machine does falls on all of them. The order turns with every
 * round: none always runs in the wake of the same other one.
 */
export async function interleave<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  { warmUps, rounds }: Rounds,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[];
  const timings = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round < warmUps + rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const cost = await sides[name](round);
      if (round >= warmUps) timings[name].push(cost);
    }
  }
  return timings;
}
