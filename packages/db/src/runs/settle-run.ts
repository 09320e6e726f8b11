import type { Tx } from '../client.ts';
import type { Fence } from './run.ts';

/*
 * What a worker says about a run that it holds. Every statement names the fence: a worker whose lease was taken over,
 * or whose run was cancelled, changes nothing and is told so by `false` (or null). All of them work in the runner's
 * scope and in the scope of the run's space, so that ingest can take them into its own transaction.
 */

/** Extends the lease and says what the run is doing. */
export async function renewLease(tx: Tx, run: Fence, leaseMs: number, phase: string): Promise<boolean> {
  const held = await tx`
    update runs set state = 'running', phase = ${phase}, lease_until = now() + ${leaseMs} * interval '1 millisecond'
    where space_id = ${run.spaceId} and id = ${run.id} and attempt = ${run.attempt} and state in ('claimed', 'running')
    returning id`;
  return held.length === 1;
}

/**
 * Ends the run as done, and with it every request of its mission that was made before it started. In the transaction
 * that writes the plan: when it answers false, that transaction must roll back.
 */
export async function settleRun(tx: Tx, run: Fence): Promise<boolean> {
  const [settled] = await tx<{ missionId: string | null; startedAt: Date }[]>`
    update runs set state = 'done', finished_at = now(), lease_until = null, phase = null
    where space_id = ${run.spaceId} and id = ${run.id} and attempt = ${run.attempt} and state in ('claimed', 'running')
    returning mission_id as "missionId", started_at as "startedAt"`;
  if (!settled) return false;
  if (settled.missionId !== null) {
    await tx`
      update runs r set state = 'done', finished_at = now(), phase = 'served by another run'
      from runs served_by
      where served_by.space_id = ${run.spaceId} and served_by.id = ${run.id}
        and served_by.kind <> 'answer'
        and r.space_id = served_by.space_id and r.mission_id = served_by.mission_id and r.kind = 'request'
        and r.state in ('queued', 'failed') and r.requested_at <= served_by.started_at`;
  }
  return true;
}

export type RunFailure = {
  /** For the mission's owner: no stack, no secrets. */
  message: string;
  attemptsMax: number;
  /** Wait before the second attempt; doubled for each further one. */
  backoffMs: number;
  backoffMaxMs: number;
  /** 0 to 1, drawn by the caller: spreads retries over 50 % to 150 % of the wait. */
  jitter: number;
  /** At least this long, when the other side asked for it. Not capped here. */
  retryAfterMs?: number;
};

/** Ends this attempt as failed, to be tried again later, or as dead after the last one. Null: no longer held. */
export async function failRun(tx: Tx, run: Fence, failure: RunFailure): Promise<'failed' | 'dead' | null> {
  const doubled = Math.min(failure.backoffMs * 2 ** Math.max(0, run.attempt - 1), failure.backoffMaxMs);
  const waitMs = Math.max(doubled * (0.5 + failure.jitter), failure.retryAfterMs ?? 0);
  const [failed] = await tx<{ state: 'failed' | 'dead' }[]>`
    update runs set
      state = case when attempt >= ${failure.attemptsMax} then 'dead' else 'failed' end,
      finished_at = case when attempt >= ${failure.attemptsMax} then now() end,
      run_after = now() + ${waitMs}::float8 * interval '1 millisecond',
      last_error = ${failure.message}, lease_until = null, phase = null
    where space_id = ${run.spaceId} and id = ${run.id} and attempt = ${run.attempt} and state in ('claimed', 'running')
    returning state`;
  return failed?.state ?? null;
}

/**
 * Gives a run back unharmed (the process is stopping): it is ready at once. The attempt still counts: it is the fence,
 * and a number given out twice would fence nobody.
 */
export async function releaseRun(tx: Tx, run: Fence): Promise<boolean> {
  const released = await tx`
    update runs set state = 'queued', lease_until = null, phase = null, run_after = now()
    where space_id = ${run.spaceId} and id = ${run.id} and attempt = ${run.attempt} and state in ('claimed', 'running')
    returning id`;
  return released.length === 1;
}

/** Cancels a run that has not ended; a worker that holds it is refused when it writes back. */
export async function cancelRun(tx: Tx, run: { spaceId: string; id: string }): Promise<boolean> {
  const cancelled = await tx`
    update runs set state = 'cancelled', finished_at = now(), lease_until = null, phase = null
    where space_id = ${run.spaceId} and id = ${run.id} and state in ('queued', 'failed', 'claimed', 'running')
    returning id`;
  return cancelled.length === 1;
}

/**
 * Cancels a mission's waiting runs of these kinds: the scheduled ones when it is paused, and what a person asked for too
 * when it is put away. Answers are a conversation's. Returns how many.
 */
export async function cancelMissionRuns(
  tx: Tx,
  spaceId: string,
  missionId: string,
  kinds: readonly ('scheduled' | 'request')[],
): Promise<number> {
  const cancelled = await tx`
    update runs set state = 'cancelled', finished_at = now()
    where space_id = ${spaceId} and mission_id = ${missionId} and kind in ${tx(kinds)} and state in ('queued', 'failed')
    returning id`;
  return cancelled.length;
}
