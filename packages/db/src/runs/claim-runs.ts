import type { Database, Tx } from '../client.ts';
import { inTransaction } from '../in-transaction.ts';
import type { ClaimedRun } from './run.ts';

/** Next due occurrence after a moment, both in milliseconds since 1970; null when there is none. May throw. */
export type NextSlot = (trigger: unknown, afterMs: number) => number | null;

export type ClaimOptions = {
  /** Name of the claiming process, for people who look at the table. */
  worker: string;
  limit: number;
  leaseMs: number;
  /** A run claimed this often without being settled is dead. */
  attemptsMax: number;
  nextSlot: NextSlot;
};

export type Claim = {
  claimed: ClaimedRun[];
  /** Runs that used up their attempts by killing or outlasting their workers. */
  dead: ClaimedRun[];
  /** How many due occurrences became runs. */
  due: number;
  /** Missions whose trigger cannot be read: they stop being due, the others go on. */
  unschedulable: { spaceId: string; missionId: string; error: string }[];
};

/**
 * Turns due missions into runs and leases runs that are ready (new, waiting for a retry, or abandoned), all in one
 * transaction. Any number of workers may do this at once: each run goes to one of them.
 */
export async function claimRuns(db: Database, options: ClaimOptions): Promise<Claim> {
  return inTransaction(db, { role: 'runner' }, async (tx) => {
    const planned = await planDue(tx, options);
    const leased = await leaseReady(tx, options);
    const claimed = leased.filter((run) => run.state === 'claimed').map(withoutState);
    const dead = leased.filter((run) => run.state === 'dead').map(withoutState);
    return { claimed, dead, ...planned };
  });
}

type DueMission = { spaceId: string; missionId: string; trigger: unknown; slotAt: Date; now: Date };

/**
 * The next slot is computed from now, not from the slot that was due: after downtime there is one catch-up run and not
 * one for every slot missed.
 */
async function planDue(tx: Tx, options: ClaimOptions): Promise<Pick<Claim, 'due' | 'unschedulable'>> {
  const missions = await tx<DueMission[]>`
    select space_id as "spaceId", mission_id as "missionId", trigger, next_slot as "slotAt", now() as now
    from schedules
    where next_slot <= now()
    order by next_slot
    limit ${options.limit}
    for update skip locked`;
  if (missions.length === 0) return { due: 0, unschedulable: [] };
  const unschedulable: Claim['unschedulable'] = [];
  const advanced = missions.map((mission) => {
    const { spaceId, missionId } = mission;
    try {
      return { spaceId, missionId, readable: true, nextMs: options.nextSlot(mission.trigger, mission.now.getTime()) };
    } catch (error) {
      unschedulable.push({ spaceId, missionId, error: error instanceof Error ? error.message : String(error) });
      return { spaceId, missionId, readable: false, nextMs: null };
    }
  });
  const created = await tx`
    insert into runs (space_id, kind, mission_id, slot)
    select s.space_id, 'scheduled', s.mission_id, to_char(s.next_slot at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')
    from jsonb_to_recordset(${tx.json(advanced)}) as a("spaceId" uuid, "missionId" uuid, readable boolean)
      join schedules s on s.space_id = a."spaceId" and s.mission_id = a."missionId"
    where a.readable
    on conflict (space_id, mission_id, slot) do nothing
    returning id`;
  await tx`
    update schedules s set next_slot = to_timestamp(a."nextMs" / 1000.0)
    from jsonb_to_recordset(${tx.json(advanced)}) as a("spaceId" uuid, "missionId" uuid, "nextMs" float8)
    where s.space_id = a."spaceId" and s.mission_id = a."missionId"`;
  return { due: created.length, unschedulable };
}

type LeasedRun = ClaimedRun & { state: string };

/**
 * One mission plans one run at a time, oldest first: a later request waits, and the run in progress serves it when
 * settled. The lease step itself dead-letters, or a run that kills its worker would be handed out for ever.
 */
async function leaseReady(tx: Tx, options: ClaimOptions): Promise<LeasedRun[]> {
  return tx<LeasedRun[]>`
    with ready as materialized (
      select r.space_id, r.id
      from runs r
      where ((r.state in ('queued', 'failed') and r.run_after <= now())
          or (r.state in ('claimed', 'running') and r.lease_until < now()))
        and not exists (
          select from runs other
          where other.space_id = r.space_id and other.mission_id = r.mission_id and other.id <> r.id
            and other.state in ('queued', 'failed', 'claimed', 'running')
            and (other.lease_until >= now() or (other.run_after, other.id) < (r.run_after, r.id)))
      order by r.run_after
      limit ${options.limit}
      for update of r skip locked
    )
    update runs r set
      state = case when r.attempt >= ${options.attemptsMax} then 'dead' else 'claimed' end,
      attempt = case when r.attempt >= ${options.attemptsMax} then r.attempt else r.attempt + 1 end,
      worker = ${options.worker},
      phase = null,
      lease_until = case when r.attempt >= ${options.attemptsMax} then null
        else now() + ${options.leaseMs} * interval '1 millisecond' end,
      started_at = now(),
      finished_at = case when r.attempt >= ${options.attemptsMax} then now() end
    from ready
    where r.space_id = ready.space_id and r.id = ready.id
    returning r.space_id as "spaceId", r.id, r.kind, r.mission_id as "missionId", r.message_id as "messageId", r.slot,
      r.attempt, r.requested_at as "requestedAt", r.state`;
}

function withoutState({ state: _state, ...run }: LeasedRun): ClaimedRun {
  return run;
}
