import { type Iteration, iterations } from '@manara/shared-ai/tables/plans';
import { readRow } from '@manara/sync-core/define-table';
import { expect, it } from 'vitest';
import { checkBudget } from './budget.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;

const iteration = (finishedAt: number, tokens = 0, outcome: Iteration['outcome'] = 'planned'): Iteration => ({
  ...readRow(iterations, '00000000-0000-4000-8000-000000000001', {}),
  outcome,
  finishedAt,
  usage: { in: tokens, out: 0, costMicros: tokens },
});

it('no budget allows everything', () => {
  expect(checkBudget({}, [iteration(NOON, 1e9)], NOON, 'UTC')).toEqual({ noRun: null, noModel: null });
});

it('counts the runs of the day that came to a plan', () => {
  const done = [iteration(NOON - HOUR), iteration(NOON - 2 * HOUR), iteration(NOON - HOUR, 0, 'failed')];
  expect(checkBudget({ runsDay: 2 }, done, NOON, 'UTC').noRun).toContain('2 runs');
  expect(checkBudget({ runsDay: 3 }, done, NOON, 'UTC').noRun).toBeNull();
});

it('asks no model once the tokens or the money of the day are used', () => {
  const done = [iteration(NOON - HOUR, 600), iteration(NOON - HOUR, 400)];
  expect(checkBudget({ tokensDay: 1000 }, done, NOON, 'UTC').noModel).toContain('1000 tokens');
  expect(checkBudget({ tokensDay: 1001 }, done, NOON, 'UTC').noModel).toBeNull();
  expect(checkBudget({ costDay: 1000 }, done, NOON, 'UTC').noModel).toContain('money');
});

it("clears at midnight in the mission's zone, not the server's", () => {
  const lateYesterday = [iteration(Date.UTC(2026, 10, 20, 14, 30))];
  const nowMs = Date.UTC(2026, 10, 20, 15, 30);
  expect(checkBudget({ runsDay: 1 }, lateYesterday, nowMs, 'UTC').noRun).not.toBeNull();
  expect(checkBudget({ runsDay: 1 }, lateYesterday, nowMs, 'Asia/Tokyo').noRun).toBeNull();
});
