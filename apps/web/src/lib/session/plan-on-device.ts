import { isUuid } from '@manara/kernel/id';
import { failedPlan, planWrites } from '@manara/shared-ai/plan';
import { resolveInputs } from '@manara/shared-ai/resolve-inputs';
import { planByRules } from '@manara/shared-ai/rule-planner';
import type { InputSource, Rule, Tool } from '@manara/shared-ai/tool';
import type { Actor } from '@manara/sync-core/actor';
import type { TableDef } from '@manara/sync-core/define-table';
import type { Write } from '@manara/sync-core/write';
import type { DueRun, PlanningPlace } from './due-run.ts';

export interface PlanningTools {
  readonly inputSources: readonly InputSource[];
  readonly rules: readonly Rule[];
  readonly tables: ReadonlyMap<string, TableDef>;
  readonly tools: ReadonlyMap<string, Tool>;
}

/** Plans one due run by rules and stores iteration and steps as one op group, by the mission's hand. */
export async function planOnDevice(deps: PlanningPlace, due: DueRun, planning: PlanningTools): Promise<boolean> {
  const { db, seams } = deps;
  const { mission, slot } = due;
  const startedAt = seams.nowMs();
  const here = { slot, source: 'device', clientId: db.clientId, startedAt } as const;
  const actor: Actor = { kind: 'ai', id: mission.id, name: mission.title || 'Mission', missionId: mission.id };
  const when = { today: seams.today(), nowMs: startedAt, zone: seams.zone() };
  // A slot is the time of an occurrence, or the id of the request that asked for the run.
  const options = { ...planning, ...when, missionId: mission.id, asked: isUuid(slot) };
  const resolved = await resolveInputs(db.reader, options);
  let writes: readonly Write[];
  if (resolved.ok) {
    const draft = planByRules(resolved.value);
    const finishedAt = seams.nowMs();
    writes = planWrites(resolved.value, { ...here, draft, tier: 'rules', model: 'rules', finishedAt }).writes;
  } else {
    writes = [failedPlan(mission.id, { ...here, finishedAt: seams.nowMs(), error: resolved.error })];
  }
  const stored = await db.write(actor, writes);
  if (!stored.ok) console.error(`the plan was not stored: ${stored.error.message}`);
  return stored.ok;
}
