import type { AppContext } from '@manara/local-db/svelte/app-context';
import type { ActionContext } from '@manara/modules/action-context';
import { createMission, editMission, setMissionInputs } from '@manara/shared-ai/mission-actions';
import type { Mission, MissionInput } from '@manara/shared-ai/tables/missions';
import type { InputRef } from './input-refs.ts';
import { newSchedule, type ScheduleDraft, scheduledTrigger, storedSchedule } from './schedule-draft.ts';

/** A mission as the composer holds it. */
export interface MissionDraft {
  title: string;
  objective: string;
  concept: string;
  schedule: ScheduleDraft;
  autonomy: Mission['autonomy'];
  inputs: readonly InputRef[];
}

export const newDraft = (zone: string): MissionDraft => ({
  title: '',
  objective: '',
  concept: '',
  schedule: newSchedule(zone),
  autonomy: 'propose',
  inputs: [],
});

export function draftOf(mission: Mission, inputs: readonly MissionInput[], zone: string): MissionDraft {
  return {
    title: mission.title,
    objective: mission.objective,
    concept: mission.concept,
    schedule: storedSchedule(mission.trigger, zone),
    autonomy: mission.autonomy,
    inputs: inputs.flatMap((input) => (input.ref ? [input.ref] : [])),
  };
}

const TITLE_CHARS = 60;

/** A title out of the objective: its first clause, cut at a word. */
export function titleFrom(objective: string): string {
  const clause =
    objective
      .trim()
      .split(/[.\n;:]/)[0]
      ?.trim() ?? '';
  if (clause.length <= TITLE_CHARS) return clause;
  const cut = clause.slice(0, TITLE_CHARS);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), 20)).trim()}…`;
}

export const actionContext = (app: AppContext): ActionContext => ({
  newId: app.newId,
  nowMs: app.nowMs(),
  today: app.today(),
  zone: app.zone,
});

/**
 * Stores the draft as one local transaction: the mission and its links.
 * @returns the mission's id
 * @throws when the write was refused; the person has been told why
 */
export async function saveMission(
  app: AppContext,
  draft: MissionDraft,
  mission: Mission | null,
  inputs: readonly MissionInput[],
): Promise<string> {
  const context = actionContext(app);
  const fields = {
    title: draft.title.trim() || titleFrom(draft.objective),
    objective: draft.objective.trim(),
    concept: draft.concept,
    autonomy: draft.autonomy,
    trigger: scheduledTrigger(draft.schedule, mission?.trigger ?? null, context.nowMs),
  };
  const links = draft.inputs.map((ref) => ({ ref }));
  if (mission === null) {
    const created = createMission({ ...fields, inputs: links }, context);
    if (!(await app.write(created.writes))) throw new Error('this device refused the change');
    return created.id;
  }
  // Links that the picker does not show (queries) are no part of the form and stay.
  const shown = inputs.filter((input) => input.ref !== null);
  const writes = [...editMission(mission, fields), ...setMissionInputs(mission.id, shown, links, context)];
  if (writes.length > 0 && !(await app.write(writes))) throw new Error('this device refused the change');
  return mission.id;
}
