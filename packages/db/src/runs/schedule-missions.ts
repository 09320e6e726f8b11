import type { JSONValue } from 'postgres';
import type { Tx } from '../client.ts';

export type MissionSchedule = {
  missionId: string;
  /** The mission's trigger as synced. */
  trigger: JSONValue;
  /** Next due occurrence in milliseconds since 1970; null: nothing due (manual, paused, ended). */
  nextSlotMs: number | null;
};

/** Sets when missions are next due. For the transaction that changes the missions. */
export async function scheduleMissions(tx: Tx, spaceId: string, schedules: MissionSchedule[]): Promise<void> {
  if (schedules.length === 0) return;
  await tx`
    insert into schedules (space_id, mission_id, trigger, next_slot)
    select ${spaceId}::uuid, s."missionId", s.trigger, to_timestamp(s."nextSlotMs" / 1000.0)
    from jsonb_to_recordset(${tx.json(schedules)}) as s("missionId" uuid, trigger jsonb, "nextSlotMs" float8)
    on conflict (space_id, mission_id) do update set trigger = excluded.trigger, next_slot = excluded.next_slot`;
}
