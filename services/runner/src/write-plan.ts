import type { ClaimedRun } from '@manara/db/runs/run';
import { type Plan, type PlanOptions, planWrites } from '@manara/shared-ai/plan';
import type { PlannerContext } from '@manara/shared-ai/planner-context';
import { steps } from '@manara/shared-ai/tables/plans';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import type { Op } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';
import { autoOps } from './auto-execute.ts';
import type { ChosenPlan } from './choose-plan.ts';
import { Interrupted } from './run-phase.ts';
import type { WriteBack } from './run-store.ts';
import type { RunnerContext } from './runner-context.ts';

/** One op group of the runner's own hand. */
export const runnerOps = (context: RunnerContext, spaceId: string, writes: readonly Write[]): Op[] =>
  context.stamper.toOps([writes], {
    space: spaceId,
    actor: RUNNER_ACTOR,
    nowMs: context.clock.nowMs(),
    newId: context.newId,
  });

/** Validates a chosen plan and makes its rows. */
export function rowsOf(
  context: RunnerContext,
  planner: PlannerContext,
  chosen: ChosenPlan,
  options: Pick<PlanOptions, 'slot' | 'startedAt'>,
): Plan {
  const { draft, tier, model, usage, repairLog, sent } = chosen;
  return planWrites(planner, {
    ...options,
    source: 'server',
    draft,
    tier,
    model,
    usage,
    repairLog,
    promptVersion: sent?.version ?? '',
    promptHash: sent?.hash ?? '',
    finishedAt: context.clock.nowMs(),
  });
}

/** Writes what came of a plan with its exact prompt, runs what may run by itself, and ends the run: all or nothing. */
export function writePlan(
  context: RunnerContext,
  run: ClaimedRun,
  what: {
    readonly writes: readonly Write[];
    readonly plan: Plan;
    readonly chosen: ChosenPlan;
    readonly zone: string;
  },
): Promise<void> {
  const { writes, plan, chosen, zone } = what;
  const stepIds = writes.filter((write) => write.table === steps.name).map((write) => write.id);
  return writeBack(context, run, {
    ops: runnerOps(context, run.spaceId, writes),
    prompt: chosen.sent === null ? null : { iterationId: plan.iterationId, ...chosen.sent },
    failure: null,
    follow: stepIds.length === 0 ? null : (reader) => autoOps(context, reader, { spaceId: run.spaceId, stepIds, zone }),
  });
}

/** Ends a run with these ops, or with none. */
export const endRun = (context: RunnerContext, run: ClaimedRun, ops: readonly Op[]): Promise<void> =>
  writeBack(context, run, { ops, prompt: null, failure: null, follow: null });

/** Writes, ends the run, and lets devices know. Throws {@link Interrupted} when the run belongs to another worker. */
async function writeBack(context: RunnerContext, run: ClaimedRun, what: WriteBack): Promise<void> {
  const result = await context.store.writeBack(run, what);
  if (result.status === 'lost') throw new Interrupted('the lease is lost');
  if (result.status === 'refused') {
    const first = result.refusals[0];
    throw new Error(`ingest refused the plan: ${first?.table} ${first?.id} ${first?.code} ${first?.message}`);
  }
  if (Object.keys(result.heads).length > 0) context.pokes.heads(result.heads);
}
