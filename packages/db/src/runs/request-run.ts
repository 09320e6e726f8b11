import type { Tx } from '../client.ts';

export type RunRequest = {
  spaceId: string;
  kind: 'request' | 'answer';
  missionId: string | null;
  messageId: string | null;
  /** The request record's id: it is the slot. */
  requestId: string;
};

/** Queues a run for a request ("run now", "answer this"). Queuing the same request again changes nothing. */
export async function requestRun(tx: Tx, request: RunRequest): Promise<void> {
  await tx`
    insert into runs (space_id, kind, mission_id, message_id, slot)
    values (${request.spaceId}, ${request.kind}, ${request.missionId}, ${request.messageId}, ${request.requestId})
    on conflict (space_id, mission_id, slot) do nothing`;
}

/**
 * Notes that a slot has an accepted iteration already (a device planned it), so that no run of it goes on: the first
 * accepted stands. A worker that holds one finds at its next renewal, or when it writes back, that it does no longer.
 */
export async function closeSlot(tx: Tx, planned: { spaceId: string; missionId: string; slot: string }): Promise<void> {
  await tx`
    insert into runs as r (space_id, kind, mission_id, slot, state, phase, finished_at)
    values (${planned.spaceId}, 'scheduled', ${planned.missionId}, ${planned.slot}, 'done', 'planned elsewhere', now())
    on conflict (space_id, mission_id, slot) do update
      set state = 'done', phase = excluded.phase, finished_at = now(), lease_until = null
      where r.state in ('queued', 'failed', 'claimed', 'running')`;
}

/** Ids of the requests of a mission that wait for a run. */
export async function waitingRequests(tx: Tx, spaceId: string, missionId: string): Promise<readonly string[]> {
  const runs = await tx<{ slot: string }[]>`
    select slot from runs
    where space_id = ${spaceId} and mission_id = ${missionId} and kind = 'request' and state in ('queued', 'failed')`;
  return runs.map((run) => run.slot);
}
