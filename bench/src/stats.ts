// What many timings of the same thing come down to. Pure.

/** The middle of some rounds and how far they lay apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The value below which the share `q` (0 to 1) of the values lies, interpolated between its neighbours. Throws without
 * values: nothing was measured then.
 */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('no values to take a quantile of');
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile is from 0 to 1, not ${q}`);
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  min: quantile(values, 0),
  max: quantile(values, 1),
});

/**
 * Each round of one side against the same round of the other: what slowed the machine in a round slowed both, so this
 * says more than a ratio of two medians. Throws when the sides have not the same rounds.
 */
export function pairwiseRatio(measured: readonly number[], baseline: readonly number[]): Spread {
  if (measured.length !== baseline.length) {
    throw new RangeError(`${measured.length} rounds cannot be paired with ${baseline.length}`);
  }
  return spread(
    measured.map((value, round) => {
      const base = baseline[round] as number;
      if (!(base > 0)) throw new RangeError(`round ${round} of the baseline took ${base}`);
      return value / base;
    }),
  );
}
