import type { Database } from '@manara/db/client';
import { inTransaction } from '@manara/db/in-transaction';
import type { RunEvent } from '@manara/protocol/live';
import { type Mission, missions, runRequests } from '@manara/shared-ai/tables/missions';
import { type Iteration, iterations, type Step, steps } from '@manara/shared-ai/tables/plans';
import { put } from '@manara/sync-core/write';
import { type ScriptedModel, startScriptedModel } from './scripted-model/scripted-model.ts';
import { ServerAccount } from './server-account.ts';

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

/** What a runner under test is given and what it did with it. */
export interface RunnerBench {
  readonly account: ServerAccount;
  readonly model: ScriptedModel;
  readonly heads: Readonly<Record<string, number>>[];
  readonly runEvents: RunEvent[];
  readonly logged: { readonly level: string; readonly details: object; readonly message: string }[];
  /** for createRunner, beside the model's configuration */
  readonly deps: {
    readonly db: Database;
    readonly log: Record<'info' | 'warn' | 'error', (details: object, message: string) => void>;
    readonly pokes: {
      heads(heads: Readonly<Record<string, number>>): void;
      run(spaceId: string, event: RunEvent): void;
    };
  };
  /** Ends the model and forgets runs and schedules, so that the next test's runner finds none of this one's. */
  close(): Promise<void>;
}

/** A new account on this database, and a scripted model of its own. */
export async function openRunnerBench(db: Database): Promise<RunnerBench> {
  const model = await startScriptedModel();
  const heads: Readonly<Record<string, number>>[] = [];
  const runEvents: RunEvent[] = [];
  const logged: { level: string; details: object; message: string }[] = [];
  const log = (level: string) => (details: object, message: string) => void logged.push({ level, details, message });
  return {
    account: await ServerAccount.create(db),
    model,
    heads,
    runEvents,
    logged,
    deps: {
      db,
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      pokes: {
        heads: (moved) => void heads.push({ ...moved }),
        run: (_spaceId, event) => void runEvents.push(event),
      },
    },
    close: async () => {
      await model.close();
      await inTransaction(db, { role: 'owner' }, (tx) => tx`delete from runs`);
      await inTransaction(db, { role: 'owner' }, (tx) => tx`delete from schedules`);
    },
  };
}
