import { pairwiseRatio, quantile, type Spread, spread } from './stats.ts';

/** A timed thing against the least that could do its work, in the same run. Times are in `unit`. */
export interface RatioFigure {
  readonly kind: 'ratio';
  readonly label: string;
  readonly unit: string;
  readonly rounds: number;
  readonly measured: Spread;
  readonly baselineLabel: string;
  readonly baseline: Spread;
  /** measured / baseline, round by round: 1 is as fast, 2 takes twice as long */
  readonly ratio: Spread;
}

/** How long something takes that happens once at a time. */
export interface LatencyFigure {
  readonly kind: 'latency';
  readonly label: string;
  readonly unit: 'ms';
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** One number. */
export interface SizeFigure {
  readonly kind: 'size';
  readonly label: string;
  readonly unit: 'kB' | 'MB';
  readonly value: number;
  /** what else is to be known, for the table */
  readonly note?: string;
}

export type Figure = RatioFigure | LatencyFigure | SizeFigure;

export function ratioFigure(
  label: string,
  unit: string,
  measured: readonly number[],
  baseline: { readonly label: string; readonly values: readonly number[] },
): RatioFigure {
  return {
    kind: 'ratio',
    label,
    unit,
    rounds: measured.length,
    measured: spread(measured),
    baselineLabel: baseline.label,
    baseline: spread(baseline.values),
    ratio: pairwiseRatio(measured, baseline.values),
  };
}

export const latencyFigure = (label: string, valuesMs: readonly number[]): LatencyFigure => ({
  kind: 'latency',
  label,
  unit: 'ms',
  count: valuesMs.length,
  p50: quantile(valuesMs, 0.5),
  p95: quantile(valuesMs, 0.95),
  max: quantile(valuesMs, 1),
});
