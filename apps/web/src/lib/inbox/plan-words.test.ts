import type { PlanGroup } from '@manara/shared-ai/proposal';
import { expect, it } from 'vitest';
import { expiryWords, planLine } from './plan-words.ts';

const NOW = Date.UTC(2026, 10, 20, 8);
const HOUR = 3_600_000;
const after = (hours: number) => NOW + hours * HOUR;

it.each([
  [null, null],
  [after(0.5), 'expires within the hour'],
  [after(1), 'expires in 1 hour'],
  [after(47), 'expires in 47 hours'],
  [after(48), 'expires in 2 days'],
  [after(24 * 6.9), 'expires in 6 days'],
])('tells when a step expires: %s %s', (at, words) => expect(expiryWords(at, NOW)).toBe(words));

it.each([
  [[14, 14], 'expires in 14 hours'],
  [[14, 7 * 24], 'the first expires in 14 hours'],
  [[7 * 24, 7 * 24], null],
])('tells of a plan whose steps expire in %j hours: %s', (hours, words) => {
  const expiries = hours.map(after);
  const group = {
    plannedAt: NOW,
    sentence: '2 changes: 2 edit',
    expiresAt: Math.min(...expiries),
    proposals: expiries.map((expiresAt) => ({ expiresAt })),
  } as unknown as PlanGroup;
  expect(planLine(group, NOW).split(' · ').slice(3)).toEqual(words === null ? [] : [words]);
});
