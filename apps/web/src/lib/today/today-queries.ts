import { tableByName } from '@manara/modules/registry';
import { type Mission, missionInputs, missions } from '@manara/shared-ai/tables/missions';
import type { Execution, Iteration } from '@manara/shared-ai/tables/plans';
import { executions, iterations } from '@manara/shared-ai/tables/plans';
import type { AnyRow } from '@manara/sync-core/define-table';
import type { RowReader } from '@manara/sync-core/reader';
import { runPath } from '#lib/missions/run-words.ts';

const RUNS_MAX = 8;
const MISSIONS_MAX = 500;

/** A plan that was made lately, and what of it has been carried out. */
export interface Run {
  readonly iteration: Iteration;
  readonly missionTitle: string;
  /** the page that tells of it */
  readonly path: string;
  readonly done: readonly Execution[];
}

/** Plans since a time, the latest first. Those of deleted missions are left out. */
export async function recentRuns(reader: RowReader, sinceMs: number): Promise<readonly Run[]> {
  const latest = await reader.list(iterations, { by: 'finishedAt', from: sinceMs, reverse: true, limit: RUNS_MAX });
  const runs = latest.map(async (iteration): Promise<Run | null> => {
    const mission = await reader.get(missions, iteration.missionId);
    if (mission?.deleted) return null;
    const ofPlan = await reader.list(executions, { by: 'iterationId', equals: iteration.id, limit: 500 });
    const done = ofPlan.filter((execution) => execution.status === 'done');
    const path = runPath(iteration.missionId, mission);
    return { iteration, missionTitle: mission?.title || 'Chat', path, done };
  });
  return (await Promise.all(runs)).filter((run) => run !== null);
}

/** Missions that run by themselves. */
export async function scheduledMissions(reader: RowReader): Promise<readonly Mission[]> {
  const active = await reader.list(missions, { by: 'state', equals: 'active', limit: MISSIONS_MAX });
  return active.filter((mission) => mission.trigger.kind !== 'manual');
}

export const anyMission = async (reader: RowReader): Promise<boolean> =>
  (await reader.list(missions, { limit: 1 })).length > 0;

/** Cells that one transaction wrote are stamped within this, in ms. */
const ONE_WRITE_MS = 1_000;

/**
 * What the demo made and nobody has touched since: its mission, what links its inputs, and these. A record that was changed,
 * by the person or by what the person approved, is theirs; so is all of a mission that was changed.
 */
export async function demoRecords(
  reader: RowReader,
): Promise<readonly { readonly table: string; readonly id: string }[]> {
  const all = await reader.list(missions, { by: 'state', anyOf: ['active', 'paused'], limit: MISSIONS_MAX });
  const demos = all.filter((mission) => mission.templateId === 'demo');
  const left = demos.map(async (mission) => {
    const inputs = await reader.list(missionInputs, { by: 'missionId', equals: mission.id, limit: 200 });
    const madeMs = Math.min(mission.touchedMs, ...inputs.map((input) => input.touchedMs));
    const isUntouched = ({ touchedMs, deleted }: Pick<AnyRow, 'touchedMs' | 'deleted'>) =>
      !deleted && touchedMs - madeMs < ONE_WRITE_MS;
    if (!isUntouched(mission)) return [];
    const samples = await Promise.all(
      inputs.map(async ({ ref }) => {
        const table = ref === null ? undefined : tableByName.get(ref.table);
        const row = ref && table ? ((await reader.get(table, ref.id)) as AnyRow | undefined) : undefined;
        return ref && row && isUntouched(row) ? [{ table: ref.table, id: ref.id }] : [];
      }),
    );
    return [
      { table: missions.name, id: mission.id },
      ...inputs.map(({ id }) => ({ table: missionInputs.name, id })),
      ...samples.flat(),
    ];
  });
  return (await Promise.all(left)).flat();
}
