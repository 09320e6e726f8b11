import { describe, expect, it } from 'vitest';
import { addDays, dayWords, lateWords, nextMonday } from './day-words.ts';

const today = '2026-11-24';

describe('dayWords', () => {
  it.each([
    ['2026-11-24', 'today'],
    ['2026-11-25', 'tomorrow'],
    ['2026-11-23', 'yesterday'],
    ['2026-11-26', 'Thu 26 Nov'],
    ['2027-01-01', 'Fri 1 Jan 2027'],
    ['2026-02-30', '2026-02-30'],
    ['soon', 'soon'],
  ])('says %s as %s', (day, words) => {
    expect(dayWords(day, today)).toBe(words);
  });
});

it('counts late days over a month and a leap day', () => {
  expect(lateWords('2026-11-15', today)).toBe('9 days late');
  expect(lateWords('2028-02-28', '2028-03-01')).toBe('2 days late');
  expect(lateWords('2026-11-23', today)).toBe('1 day late');
  expect(lateWords(today, today)).toBeNull();
});

it('finds the next Monday from each day of a week', () => {
  expect(nextMonday('2026-11-23')).toBe('2026-11-30');
  expect(nextMonday('2026-11-24')).toBe('2026-11-30');
  expect(nextMonday('2026-11-29')).toBe('2026-11-30');
});

it('adds days across a year', () => {
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
});
