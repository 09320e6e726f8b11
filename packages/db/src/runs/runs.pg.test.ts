import { engines } from '@manara/testkit/engines';
import { freshDatabase } from '@manara/testkit/fresh-database';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPersonalSpace } from '../accounts/create-personal-space.ts';
import { type Database, openDatabase } from '../client.ts';
import { inTransaction, type Scope } from '../in-transaction.ts';
import { type ClaimOptions, claimRuns } from './claim-runs.ts';
import { closeSlot, requestRun } from './request-run.ts';
import type { ClaimedRun } from './run.ts';
import { scheduleMissions } from './schedule-missions.ts';
import { cancelMissionRuns, cancelRun, failRun, type RunFailure, renewLease, settleRun } from './settle-run.ts';

const RUNNER: Scope = { role: 'runner' };
const OPTIONS: ClaimOptions = {
  worker: 'w1',
  limit: 100,
  leaseMs: 60_000,
  attemptsMax: 3,
  nextSlot: (_trigger, afterMs) => afterMs + 3_600_000,
};
const FAILURE: RunFailure = {
  message: 'no answer',
  attemptsMax: 3,
  backoffMs: 1000,
  backoffMaxMs: 60_000,
  jitter: 0.5,
};

describe.each(engines)('runs on $name', (engine) => {
  let db: Database;
  let space: string;

  beforeAll(async () => {
    db = await engine.open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    space = await createPersonalSpace(db, `account-${crypto.randomUUID()}`);
  });
  afterEach(async () => {
    await inTransaction(db, { role: 'owner' }, (tx) => tx`truncate runs, schedules`);
  });

  const inSpace: <T>(work: Parameters<typeof inTransaction<T>>[2]) => Promise<T> = (work) =>
    inTransaction(db, { role: 'app', spaceId: space }, work);
  const schedule = (missionId: string, dueInMs: number | null, trigger: string = 'hourly') =>
    inSpace((tx) =>
      scheduleMissions(tx, space, [
        { missionId, trigger: { kind: trigger }, nextSlotMs: dueInMs === null ? null : Date.now() + dueInMs },
      ]),
    );
  const request = (missionId: string | null, requestId: string = crypto.randomUUID()) =>
    inSpace((tx) => requestRun(tx, { spaceId: space, kind: 'request', missionId, messageId: null, requestId }));
  const claim = (options: Partial<ClaimOptions> = {}) => claimRuns(db, { ...OPTIONS, ...options });
  const states = () => inSpace((tx) => tx<{ state: string }[]>`select state from runs order by requested_at, slot`);
  const only = (runs: ClaimedRun[]): ClaimedRun => {
    expect(runs).toHaveLength(1);
    return runs[0] as ClaimedRun;
  };
  const expire = () => inTransaction(db, RUNNER, (tx) => tx`update runs set lease_until = now() - interval '1 second'`);

  test('a due mission becomes one run of its slot, and is next due after now and not after the slot', async () => {
    const mission = crypto.randomUUID();
    await schedule(mission, -48 * 3_600_000);
    const asked: unknown[] = [];
    const first = await claim({
      nextSlot: (trigger, afterMs) => {
        asked.push(trigger);
        return afterMs + 1000;
      },
    });
    expect(first.due).toBe(1);
    expect(asked).toEqual([{ kind: 'hourly' }]);
    expect(only(first.claimed)).toMatchObject({ missionId: mission, kind: 'scheduled', attempt: 1, spaceId: space });
    expect(only(first.claimed).slot).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
    const [next] = await inSpace(
      (tx) => tx<{ ms: number }[]>`
      select (extract(epoch from next_slot - now()) * 1000)::int8 as ms from schedules`,
    );
    expect(next?.ms).toBeGreaterThan(-1000);
    expect((await claim()).claimed).toEqual([]);
  });

  test('a mission with no next slot, or due later, is left alone', async () => {
    await schedule(crypto.randomUUID(), null);
    await schedule(crypto.randomUUID(), 60_000);
    expect(await claim()).toMatchObject({ claimed: [], due: 0 });
  });

  test('a trigger that cannot be read stops its own mission only', async () => {
    const broken = crypto.randomUUID();
    await schedule(broken, -1000, 'broken');
    await schedule(crypto.randomUUID(), -1000);
    const nextSlot = (trigger: unknown) => {
      if ((trigger as { kind: string }).kind === 'broken') throw new Error('no such rule');
      return null;
    };
    const claimed = await claim({ nextSlot });
    expect(claimed.claimed).toHaveLength(1);
    expect(claimed.unschedulable).toEqual([{ spaceId: space, missionId: broken, error: 'no such rule' }]);
    expect(await claim({ nextSlot })).toMatchObject({ due: 0, unschedulable: [] });
  });

  test('a slot that was planned elsewhere is not run', async () => {
    const mission = crypto.randomUUID();
    await schedule(mission, -60_000);
    const slot = new Date(Date.now() - 60_000).toISOString().replace(/:\d\d\.\d+Z$/, 'Z');
    await inSpace((tx) => closeSlot(tx, { spaceId: space, missionId: mission, slot }));
    expect(await claim()).toMatchObject({ claimed: [], due: 0 });
  });

  test('a request is queued once, however often it is sent', async () => {
    const [mission, id] = [crypto.randomUUID(), crypto.randomUUID()];
    await request(mission, id);
    await request(mission, id);
    expect(only((await claim()).claimed)).toMatchObject({ slot: id, kind: 'request' });
  });

  test('one mission runs once at a time, and the run serves the requests made before it', async () => {
    const mission = crypto.randomUUID();
    await request(mission);
    await request(mission);
    const run = only((await claim()).claimed);
    expect((await claim()).claimed).toEqual([]);
    expect(await inSpace((tx) => settleRun(tx, run))).toBe(true);
    expect((await states()).map((row) => row.state)).toEqual(['done', 'done']);
    await request(mission);
    only((await claim()).claimed);
  });

  test('a request made while a run is on gets a run of its own', async () => {
    const mission = crypto.randomUUID();
    await request(mission);
    const run = only((await claim()).claimed);
    await request(mission);
    await inSpace((tx) => settleRun(tx, run));
    expect(only((await claim()).claimed).id).not.toBe(run.id);
  });

  test('a worker whose lease was taken over changes nothing', async () => {
    await request(crypto.randomUUID());
    const paused = only((await claim()).claimed);
    await expire();
    const next = only((await claim({ worker: 'w2' })).claimed);
    expect(next).toMatchObject({ id: paused.id, attempt: 2 });
    expect(await inSpace((tx) => settleRun(tx, paused))).toBe(false);
    expect(await inTransaction(db, RUNNER, (tx) => renewLease(tx, paused, 60_000, 'planning'))).toBe(false);
    expect(await inTransaction(db, RUNNER, (tx) => failRun(tx, paused, FAILURE))).toBeNull();
    expect(await inTransaction(db, RUNNER, (tx) => renewLease(tx, next, 60_000, 'planning'))).toBe(true);
    expect(await inSpace((tx) => settleRun(tx, next))).toBe(true);
    expect(await inSpace((tx) => settleRun(tx, next))).toBe(false);
  });

  test('failures wait longer each time and end as dead', async () => {
    await request(crypto.randomUUID());
    const waits: number[] = [];
    const ends: (string | null)[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      const run = only((await claim()).claimed);
      ends.push(await inTransaction(db, RUNNER, (tx) => failRun(tx, run, FAILURE)));
      expect((await claim()).claimed).toEqual([]);
      const [row] = await inSpace(
        (tx) => tx<{ ms: number }[]>`
        select round(extract(epoch from run_after - now()) * 1000)::int8 as ms from runs`,
      );
      waits.push(row?.ms ?? 0);
      await inTransaction(db, RUNNER, (tx) => tx`update runs set run_after = now()`);
    }
    expect(ends).toEqual(['failed', 'failed', 'dead']);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThan(1000 * 2 ** index - 800);
      expect(wait).toBeLessThanOrEqual(1000 * 2 ** index);
    }
    expect((await claim()).claimed).toEqual([]);
  });

  test('what the other side asked to wait is waited', async () => {
    await request(crypto.randomUUID());
    const run = only((await claim()).claimed);
    await inTransaction(db, RUNNER, (tx) => failRun(tx, run, { ...FAILURE, retryAfterMs: 600_000 }));
    const [row] = await inSpace((tx) => tx`select run_after > now() + interval '9 minutes' as later from runs`);
    expect(row?.later).toBe(true);
  });

  test('a run that kills its workers is dead-lettered by the claim itself', async () => {
    await request(crypto.randomUUID());
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(only((await claim()).claimed).attempt).toBe(attempt);
      await expire();
    }
    const last = await claim();
    expect(last.claimed).toEqual([]);
    expect(last.dead).toHaveLength(1);
    expect((await claim()).dead).toEqual([]);
  });

  test('a cancelled run refuses its worker', async () => {
    const mission = crypto.randomUUID();
    await request(mission);
    const run = only((await claim()).claimed);
    expect(await inSpace((tx) => cancelRun(tx, run))).toBe(true);
    expect(await inSpace((tx) => settleRun(tx, run))).toBe(false);
    await request(mission);
    expect(await inSpace((tx) => cancelMissionRuns(tx, space, mission, ['scheduled']))).toBe(0);
    expect(await inSpace((tx) => cancelMissionRuns(tx, space, mission, ['scheduled', 'request']))).toBe(1);
    expect((await claim()).claimed).toEqual([]);
  });
});

describe('many workers on real Postgres', () => {
  test('every slot is settled exactly once, though workers crash, fail and come back late', async () => {
    const url = await freshDatabase();
    const workers = await Promise.all(
      Array.from({ length: 8 }, () => openDatabase({ kind: 'postgres', url, poolMax: 3 })),
    );
    try {
      const admin = workers[0] as Database;
      const space = await createPersonalSpace(admin, 'ada');
      const missions = Array.from({ length: 300 }, () => crypto.randomUUID());
      const due = Date.now() - 60_000;
      await inTransaction(admin, { role: 'app', spaceId: space }, (tx) =>
        scheduleMissions(
          tx,
          space,
          missions.map((missionId) => ({ missionId, trigger: {}, nextSlotMs: due })),
        ),
      );
      const options: ClaimOptions = { worker: 'w', limit: 7, leaseMs: 150, attemptsMax: 50, nextSlot: () => null };
      const settledBySlot = new Map<string, number>();
      let late = 0;
      let refused = 0;

      /** Settles twice in 100 ms what it should have settled at once: the second must be refused. */
      const settle = async (db: Database, run: ClaimedRun) => {
        const held = await inTransaction(db, { role: 'app', spaceId: run.spaceId }, (tx) => settleRun(tx, run));
        if (held)
          settledBySlot.set(
            `${run.missionId}|${run.slot}`,
            (settledBySlot.get(`${run.missionId}|${run.slot}`) ?? 0) + 1,
          );
        return held;
      };
      const work = async (db: Database, worker: number) => {
        for (let round = 0; settledBySlot.size < missions.length && round < 2000; round++) {
          const { claimed } = await claimRuns(db, { ...options, worker: `w${worker}` });
          for (const [index, run] of claimed.entries()) {
            const fate = (round * 31 + worker * 17 + index * 7) % 20;
            if (fate < 3) continue; // Crashed: the lease runs out.
            if (fate < 5) {
              await inTransaction(db, RUNNER, (tx) => failRun(tx, run, { ...FAILURE, attemptsMax: 50, backoffMs: 20 }));
            } else if (fate < 7) {
              late++;
              await new Promise((resolve) => setTimeout(resolve, 200)); // Paused past its lease.
              if (!(await settle(db, run))) refused++;
            } else {
              await settle(db, run);
            }
          }
          if (claimed.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      await Promise.all(workers.map(work));

      expect(settledBySlot.size).toBe(missions.length);
      expect([...settledBySlot.values()].every((times) => times === 1)).toBe(true);
      expect(late).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
      const rows = await inTransaction(
        admin,
        RUNNER,
        (tx) => tx<{ state: string; n: number }[]>`
        select state, count(*)::int as n from runs group by state`,
      );
      expect(rows).toEqual([{ state: 'done', n: missions.length }]);
    } finally {
      await Promise.all(workers.map((db) => db.close()));
    }
  });
});
