import { expect, it } from 'vitest';
import { relativeWords } from './relative-words.ts';

const now = Date.UTC(2026, 10, 24, 12);

it.each([
  [0, 'just now'],
  [-12_000, '12 s ago'],
  [-59_999, '59 s ago'],
  [-60_000, '1 min ago'],
  [-3 * 3_600_000, '3 h ago'],
  [-86_400_000, '1 day ago'],
  [-6 * 86_400_000, '6 days ago'],
  [4_000, 'just now'],
  [5 * 60_000, 'just now'],
  [-30 * 86_400_000, '25 Oct 2026'],
])('says %i ms from now as %s', (offset, words) => {
  expect(relativeWords(now + offset, now)).toBe(words);
});
