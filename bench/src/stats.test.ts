import { expect, test } from 'vitest';
import { median, pairwiseRatio, quantile, spread } from './stats.ts';

test('the median of an odd and of an even number of values, whatever their order', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
});

test('values are ordered as numbers, and left as they were', () => {
  const values = [10, 9, 100];
  expect(median(values)).toBe(10);
  expect(values).toEqual([10, 9, 100]);
});

test('quantiles interpolate between neighbours', () => {
  const hundred = Array.from({ length: 101 }, (_, n) => n);
  expect(quantile(hundred, 0.95)).toBe(95);
  expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5);
  expect(quantile([3, 1, 2], 0)).toBe(1);
  expect(quantile([3, 1, 2], 1)).toBe(3);
});

test('nothing measured, or no share, is an error and not a number', () => {
  expect(() => median([])).toThrow(RangeError);
  expect(() => quantile([1], 1.5)).toThrow(RangeError);
  expect(() => quantile([1], Number.NaN)).toThrow(RangeError);
});

test('a spread holds its extremes', () => {
  expect(spread([5, 1, 9, 3])).toEqual({ median: 4, min: 1, max: 9 });
});

test('ratios pair the rounds: a round that was slow for both sides does not count', () => {
  // The medians alone would say 20 / 10 = 2 as well, but with a spread that is none.
  expect(pairwiseRatio([20, 200, 20], [10, 100, 10])).toEqual({ median: 2, min: 2, max: 2 });
  // And here they would say 3 / 2 where every pair says otherwise.
  expect(pairwiseRatio([1, 3, 8], [1, 1, 2])).toEqual({ median: 3, min: 1, max: 4 });
});

test('rounds that cannot be paired are an error', () => {
  expect(() => pairwiseRatio([1, 2], [1])).toThrow(RangeError);
  expect(() => pairwiseRatio([1], [0])).toThrow(RangeError);
});
