import { derivedId } from '@manara/kernel/id';
import { notes } from '@manara/modules/notes/schema';
import { inputSources, rules, tableByName, toolByName } from '@manara/modules/registry';
import type { PlannerContext } from '@manara/shared-ai/planner-context';
import { resolveInputs } from '@manara/shared-ai/resolve-inputs';
import { missionInputs } from '@manara/shared-ai/tables/missions';
import { put, type Write } from '@manara/sync-core/write';
import type { MemorySpace } from './memory-space.ts';
import { ADA, DEVICE_A, MISSION_ID, missionWrite, newDevice, PLANNED_AT, TODAY } from './planned-space.ts';

/** A space with a mission, records and, when asked, links to them; and the planner's view of it. */
export const noteId = (name: string): string => derivedId('note', name);
export const noteWrite = (name: string, body: string): Write => put(notes, noteId(name), { title: name, body });
export const linkWrite = (table: string, id: string): Write =>
  put(missionInputs, derivedId('link', table, id), { missionId: MISSION_ID, ref: { table, id } });

export function spaceOf(
  writes: readonly Write[],
  mission: Parameters<typeof missionWrite>[0] = {},
  touchedMs = PLANNED_AT - 1000,
): MemorySpace {
  const space = newDevice(DEVICE_A);
  space.write([missionWrite(mission)], ADA, touchedMs);
  if (writes.length > 0) space.write(writes, ADA, touchedMs);
  return space;
}

export async function plannerOf(
  space: MemorySpace,
  nowMs = PLANNED_AT,
  today = TODAY,
  asked = false,
): Promise<PlannerContext> {
  const options = {
    missionId: MISSION_ID,
    tools: toolByName,
    tables: tableByName,
    inputSources,
    rules,
    today,
    nowMs,
    zone: 'Europe/Berlin',
    asked,
  };
  const resolved = await resolveInputs(space, options);
  if (!resolved.ok) throw new Error(resolved.error);
  return resolved.value;
}
