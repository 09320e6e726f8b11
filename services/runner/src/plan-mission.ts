import type { ClaimedRun } from '@manara/db/runs/run';
import { assert } from '@manara/kernel/assert';
import { dayInZone } from '@manara/shared-ai/calendar-day';
import { parseReply } from '@manara/shared-ai/parse-reply';
import { failedPlan } from '@manara/shared-ai/plan';
import type { PlannerContext } from '@manara/shared-ai/planner-context';
import { buildPrompt } from '@manara/shared-ai/prompt';
import { resolveInputs } from '@manara/shared-ai/resolve-inputs';
import { planByRules } from '@manara/shared-ai/rule-planner';
import { type Mission, missions, runRequests } from '@manara/shared-ai/tables/missions';
import { iterations } from '@manara/shared-ai/tables/plans';
import { checkBudget } from './budget.ts';
import { choosePlan } from './choose-plan.ts';
import type { Lease } from './keep-lease.ts';
import { egressRefusal } from './model-egress.ts';
import { assertGoingOn } from './run-phase.ts';
import type { SpaceReader } from './run-store.ts';
import type { RunnerContext } from './runner-context.ts';
import type { TickReport } from './tick-report.ts';
import { endRun, rowsOf, runnerOps, writePlan } from './write-plan.ts';

/** What a run finds when it starts. */
type Found =
  /** nothing to plan: deleted, paused since, or put away */
  | { readonly kind: 'gone' }
  /** the slot has its plan already */
  | { readonly kind: 'planned' }
  | { readonly kind: 'over-budget'; readonly reason: string }
  | { readonly kind: 'ready'; readonly planner: PlannerContext; readonly noModel: string | null };

/** Plans one slot of a mission: resolve, plan, validate, write back. Throws what fails; the caller ends the attempt. */
export async function planMission(context: RunnerContext, run: ClaimedRun, lease: Lease): Promise<Partial<TickReport>> {
  const { missionId, slot } = run;
  assert(missionId !== null, 'a run that plans has a mission');
  const startedAt = context.clock.nowMs();
  lease.enter('reading');
  const found = await context.store.read(run.spaceId, (reader) => findWork(context, reader, run, missionId));
  if (found.kind === 'gone') {
    await context.store.cancel(run);
    return {};
  }
  if (found.kind === 'planned') {
    await endRun(context, run, []);
    return {};
  }
  if (found.kind === 'over-budget') {
    const at = { slot, source: 'server' as const, startedAt, finishedAt: startedAt };
    const cancelled = failedPlan(missionId, { ...at, error: found.reason, outcome: 'cancelled' });
    await endRun(context, run, runnerOps(context, run.spaceId, [cancelled]));
    return {};
  }
  assertGoingOn(lease.signal);
  lease.enter('planning');
  const { planner } = found;
  const task = { prompt: () => buildPrompt(planner), read: parseReply, byRules: () => planByRules(planner) };
  const chosen = await choosePlan(task, context.model, found.noModel, lease.signal);
  assertGoingOn(lease.signal);
  lease.enter('writing');
  const plan = rowsOf(context, planner, chosen, { slot, startedAt });
  await writePlan(context, run, { writes: plan.writes, plan, chosen, zone: planner.zone });
  return { plansProduced: 1, plansWrittenBack: 1, parseFailures: chosen.parseFailures };
}

async function findWork(
  context: RunnerContext,
  reader: SpaceReader,
  run: ClaimedRun,
  missionId: string,
): Promise<Found> {
  const mission = await reader.get(missions, missionId);
  if (!mission || !mayRun(mission, run.kind)) return { kind: 'gone' };
  const ofSlot = { by: '[missionId+slot]', equals: [missionId, run.slot], limit: 1 };
  if ((await reader.list(iterations, ofSlot)).length > 0) return { kind: 'planned' };
  const zone = mission.trigger.kind === 'rrule' ? mission.trigger.zone : await requestZone(reader, run.slot);
  const nowMs = context.clock.nowMs();
  const recent = await reader.list(iterations, { by: 'missionId', equals: missionId });
  const budget = checkBudget(mission.budget, recent, nowMs, zone);
  if (budget.noRun !== null) return { kind: 'over-budget', reason: budget.noRun };
  const where = { today: dayInZone(nowMs, zone), nowMs, zone };
  const asked = run.kind === 'request';
  const planner = await resolveInputs(reader, { missionId, asked, ...context.registry, ...where });
  if (!planner.ok) throw new Error(`could not resolve the inputs: ${planner.error}`);
  const noModel = budget.noModel ?? (context.model ? egressRefusal(mission, context.model.config) : null);
  return { kind: 'ready', planner: planner.value, noModel };
}

/** A schedule runs active missions alone; a person's request runs whatever is not put away. */
function mayRun(mission: Mission, kind: ClaimedRun['kind']): boolean {
  if (mission.deleted || mission.state === 'archived') return false;
  return kind === 'request' || mission.state === 'active';
}

/** Days are the person's, never the server's: where nothing is scheduled, those of the zone that the request came from. */
export const requestZone = async (reader: SpaceReader, requestId: string): Promise<string> =>
  (await reader.get(runRequests, requestId))?.zone ?? 'UTC';
