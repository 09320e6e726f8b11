import { dayInZone } from '@manara/shared-ai/calendar-day';
import type { Mission } from '@manara/shared-ai/tables/missions';
import type { Iteration } from '@manara/shared-ai/tables/plans';

/** What a mission's daily budget leaves. It clears itself at midnight in the mission's zone. */
export interface BudgetVerdict {
  /** why nothing is planned, or null */
  readonly noRun: string | null;
  /** why no model is asked, or null: rules cost nothing */
  readonly noModel: string | null;
}

/** @param recent iterations of the mission, at least those of the last 24 hours */
export function checkBudget(
  budget: Mission['budget'],
  recent: readonly Iteration[],
  nowMs: number,
  zone: string,
): BudgetVerdict {
  const today = dayInZone(nowMs, zone);
  const done = recent.filter(
    (one) => (one.outcome === 'planned' || one.outcome === 'empty') && dayInZone(one.finishedAt, zone) === today,
  );
  const sum = (of: (iteration: Iteration) => number) => done.reduce((total, iteration) => total + of(iteration), 0);
  const { runsDay, tokensDay, costDay } = budget;
  const noRun = runsDay !== undefined && done.length >= runsDay ? `It has used its ${runsDay} runs of today.` : null;
  if (tokensDay !== undefined && sum(({ usage }) => usage.in + usage.out) >= tokensDay) {
    return { noRun, noModel: `The mission has used its ${tokensDay} tokens of today.` };
  }
  if (costDay !== undefined && sum(({ usage }) => usage.costMicros) >= costDay) {
    return { noRun, noModel: 'The mission has used its money of today.' };
  }
  return { noRun, noModel: null };
}
