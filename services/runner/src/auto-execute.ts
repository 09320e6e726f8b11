import { dayInZone } from '@manara/shared-ai/calendar-day';
import { executeAuto, loadSettlement } from '@manara/shared-ai/settlement';
import { stageSteps } from '@manara/shared-ai/stage';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import type { Op } from '@manara/sync-core/wire-op';
import type { SpaceReader } from './run-store.ts';
import type { RunnerContext } from './runner-context.ts';

/**
 * What of a plan just written may run by itself: the same pure functions as on a device, over the state inside the
 * transaction. Steps that a rule or the tool lets run are executed as the mission; everything else stays a proposal.
 */
export async function autoOps(
  context: RunnerContext,
  reader: SpaceReader,
  plan: { readonly spaceId: string; readonly stepIds: readonly string[]; readonly zone: string },
): Promise<readonly Op[]> {
  const { tools, tables } = context.registry;
  const nowMs = context.clock.nowMs();
  const proposals = await stageSteps(reader, tools, plan.stepIds);
  const settlement = await loadSettlement(reader, proposals, {
    tools,
    tables,
    clientId: context.stamper.client,
    newId: context.newId,
    nowMs,
    today: dayInZone(nowMs, plan.zone),
  });
  const { groups } = executeAuto(settlement, proposals);
  for (const write of groups.flat()) context.stamper.observe(await reader.stampsOf(write.table, write.id));
  return context.stamper.toOps(groups, { space: plan.spaceId, actor: RUNNER_ACTOR, nowMs, newId: context.newId });
}
