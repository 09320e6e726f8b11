import type { Database } from '@manara/db/client';
import { inTransaction } from '@manara/db/in-transaction';
import { missions, type Mission, runRequests } from '@manara/shared-ai/tables/missions';
import { type Iteration, iterations, type Step, steps } from '@manara/shared-ai/tables/plans';
import { put } from '@manara/sync-core/write';
import type { ServerAccount } from './server-account.ts';

/** A row of the runs table, as far as tests look at it. */
export interface RunRow {
  readonly state: string;
  readonly attempt: number;
  readonly worker: string | null;
  readonly leased: boolean;
  readonly error: string | null;
}

export const runRows = (db: Database): Promise<RunRow[]> =>
  inTransaction(
    db,
    { role: 'runner' },
    (tx) => tx<RunRow[]>`
      select state, attempt, worker, lease_until is not null as leased, last_error as error from runs order by requested_at, slot`,
  );

/** Makes every scheduled mission due a minute ago. */
export const makeDue = (db: Database): Promise<unknown> =>
  inTransaction(
    db,
    { role: 'owner' },
    (tx) =>
      tx`update schedules set next_slot = date_trunc('minute', now()) - interval '1 minute' where next_slot is not null`,
  );

/** Ends every lease, as if their holders had been asleep. */
export const expireLeases = (db: Database): Promise<unknown> =>
  inTransaction(
    db,
    { role: 'owner' },
    (tx) => tx`update runs set lease_until = now() - interval '1 second' where lease_until is not null`,
  );

/** Makes failed runs ready for their next attempt at once. */
export const endBackoff = (db: Database): Promise<unknown> =>
  inTransaction(db, { role: 'owner' }, (tx) => tx`update runs set run_after = now() where state = 'failed'`);

export async function addMission(account: ServerAccount, set: Partial<Mission> = {}): Promise<string> {
  const id = account.newId();
  await account.write([put(missions, id, { title: 'Plan my day', objective: 'plan my day', state: 'active', ...set })]);
  return id;
}

/** "Run now". */
export async function askToRun(account: ServerAccount, missionId: string): Promise<string> {
  const id = account.newId();
  await account.write([put(runRequests, id, { kind: 'run', missionId, requestedAt: Date.now() })]);
  return id;
}

export interface Plan {
  readonly iteration: Iteration;
  readonly steps: readonly Step[];
}

/** The mission's plans, oldest first. */
export const plansOf = (account: ServerAccount, missionId: string): Promise<Plan[]> =>
  account.read(async (reader) => {
    const rows = await reader.list(iterations, { by: 'missionId', equals: missionId });
    const plans: Plan[] = [];
    for (const iteration of rows.sort((a, b) => ((a.accepted ?? '') < (b.accepted ?? '') ? -1 : 1))) {
      const ofPlan = await reader.list(steps, { by: 'iterationId', equals: iteration.id });
      plans.push({ iteration, steps: ofPlan.sort((a, b) => a.n - b.n) });
    }
    return plans;
  });
