import type { Database } from '@manara/db/client';
import { inTransaction } from '@manara/db/in-transaction';
import { inputSources, rules, tableByName, toolByName } from '@manara/modules/registry';
import { deviceIterationId } from '@manara/shared-ai/derived-ids';
import { iterations } from '@manara/shared-ai/tables/plans';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { put } from '@manara/sync-core/write';
import { engines } from '@manara/testkit/engines';
import {
  addMission,
  askToRun,
  endBackoff,
  expireLeases,
  openRunnerBench,
  plansOf,
  type RunnerBench,
  runRows,
} from '@manara/testkit/runner-bench';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabaseRunStore, type DatabaseRunStoreDeps } from './database-run-store.ts';
import { MODEL_LIMITS, type ModelConfig } from './model/model-config.ts';
import type { RunStore } from './run-store.ts';
import { createRunner, type Runner, type RunnerDeps } from './runner.ts';
import { RUNNER_TUNING, type RunnerTuning } from './runner-context.ts';
import { systemClock, systemRandom } from './seams.ts';
import { createStamper } from './stamp-writes.ts';

/** A store in which reading one mission fails, with a text that nobody outside may see. */
const exploding = (missionId: string) => (deps: DatabaseRunStoreDeps) => {
  const store = createDatabaseRunStore(deps);
  const read: RunStore['read'] = (spaceId, work) =>
    store.read(spaceId, (reader) =>
      work({
        ...reader,
        get: (table, id) =>
          id === missionId ? Promise.reject(new Error('relation "secret" does not exist')) : reader.get(table, id),
      }),
    );
  return { ...store, read };
};

const step = (title: string, more: object = {}) => ({
  tool: 'todo.create',
  args: { title },
  rationale: `because of ${title}`,
  ...more,
});

describe.each(engines)('runs that fail on $name', ({ open }) => {
  let db: Database;
  let bench: RunnerBench;

  beforeAll(async () => {
    db = await open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    bench = await openRunnerBench(db);
  });
  afterEach(() => bench.close());

  const config = (other: Partial<ModelConfig> = {}): ModelConfig => ({
    baseUrl: bench.model.baseUrl,
    apiKey: 'sk-test-secret-key',
    model: 'scripted',
    limits: { ...MODEL_LIMITS, idleMs: 5000, totalMs: 10_000 },
    ...other,
  });
  const start = (other: Partial<RunnerDeps> = {}): Runner => createRunner({ ...bench.deps, model: config(), ...other });

  /** What another runner process sees of the runs. */
  const heldStore = (tuning: Partial<RunnerTuning> = {}, client = 'bbbbbbbbbbbbbbbb') =>
    createDatabaseRunStore({
      db,
      clock: systemClock,
      random: systemRandom,
      tuning: { ...RUNNER_TUNING, ...tuning },
      client,
    });

  describe('isolation', () => {
    it('a throwing tool kills the iteration: its step alone is put aside', async () => {
      const thrower = toolByName.get('todo.create');
      if (!thrower) throw new Error('no such tool');
      const throwing = {
        ...thrower,
        premise: (args: { title?: string }, world: never) => {
          if (args.title === 'explode') throw new Error('at /srv/secret.ts');
          return thrower.premise(args as never, world);
        },
      };
      const tools = new Map([...toolByName, [thrower.name, throwing as never]]);
      const missionId = await addMission(bench.account);
      await askToRun(bench.account, missionId);
      bench.model.enqueue({ kind: 'plan', steps: [step('Call the bank'), step('explode'), step('Buy milk')] });
      await start({ registry: { tools, tables: tableByName, rules, inputSources } }).tick();
      const [plan] = await plansOf(bench.account, missionId);
      expect(plan?.steps.map((row) => row.validity.state)).toEqual(['ok', 'quarantined', 'ok']);
      expect(JSON.stringify(plan)).not.toContain('/srv/secret');
    });

    it('one failing mission never stops others, and is tried again', async () => {
      const failing = await addMission(bench.account, { title: 'explode' });
      const fine = await addMission(bench.account);
      for (const id of [failing, fine]) await askToRun(bench.account, id);
      const runner = start({ createStore: exploding(failing) });
      expect(await runner.tick()).toMatchObject({ claimed: 2, plansWrittenBack: 1, errors: 1 });
      expect(await plansOf(bench.account, fine)).toHaveLength(1);
      expect(await plansOf(bench.account, failing)).toEqual([]);
      expect((await runRows(db)).map((row) => [row.state, row.leased])).toEqual([
        ['failed', false],
        ['done', false],
      ]);
    });

    it('raw error text returned to the client: the last attempt ends in a failed iteration with words for its owner', async () => {
      const failing = await addMission(bench.account);
      await askToRun(bench.account, failing);
      const runner = start({ createStore: exploding(failing), tuning: { attemptsMax: 2, backoffMs: 1 } });
      await runner.tick();
      await endBackoff(db);
      await runner.tick();
      const [plan] = await plansOf(bench.account, failing);
      expect(plan?.iteration).toMatchObject({
        outcome: 'failed',
        error: expect.stringMatching(/^Something went wrong on the server \(reference /),
      });
      expect(JSON.stringify([plan, await runRows(db)])).not.toMatch(/relation|secret/);
      expect(await runRows(db)).toMatchObject([{ state: 'dead', attempt: 2, leased: false }]);
      expect(JSON.stringify(bench.logged)).toContain('reference');
      await runner.tick();
      expect(await plansOf(bench.account, failing)).toHaveLength(1);
    });

    it('a run that kills its workers is dead after its attempts, and its owner sees it', async () => {
      const missionId = await addMission(bench.account);
      await askToRun(bench.account, missionId);
      const tuning = { attemptsMax: 2 };
      const store = heldStore(tuning);
      for (let n = 0; n < 2; n++) {
        expect((await store.claim(1)).claimed).toHaveLength(1);
        await expireLeases(db);
      }
      await start({ tuning }).tick();
      const [plan] = await plansOf(bench.account, missionId);
      expect(plan?.iteration).toMatchObject({ outcome: 'failed', error: expect.stringContaining('never finished') });
      expect(await runRows(db)).toMatchObject([{ state: 'dead' }]);
    });
  });

  describe('fences', () => {
    it('the late write of a runner whose lease ran out is refused, and nothing of it stays', async () => {
      const missionId = await addMission(bench.account);
      await askToRun(bench.account, missionId);
      const late = heldStore();
      const [held] = (await late.claim(1)).claimed;
      if (!held) throw new Error('nothing claimed');
      await expireLeases(db);
      await start().tick();
      const iterationId = bench.account.newId();
      const stamper = createStamper('bbbbbbbbbbbbbbbb');
      const written = {
        space: bench.account.space,
        actor: RUNNER_ACTOR,
        nowMs: Date.now(),
        newId: () => bench.account.newId(),
      };
      const ops = stamper.toOps(
        [[put(iterations, iterationId, { missionId, slot: held.slot, summary: 'late' })]],
        written,
      );
      const prompt = { iterationId, messages: [], model: 'm', version: '1', hash: 'h' };
      expect(await late.writeBack(held, { ops, prompt, failure: null, follow: null })).toEqual({ status: 'lost' });
      expect(await late.renew(held, 'planning')).toBe(false);
      expect(await late.fail(held, { message: 'x', final: true })).toBeNull();
      expect((await plansOf(bench.account, missionId)).map((plan) => plan.iteration.summary)).not.toContain('late');
      const prompts = await inTransaction(
        db,
        { role: 'app', accountId: bench.account.id },
        (tx) => tx`select 1 from prompts where iteration_id = ${iterationId}`,
      );
      expect(prompts).toHaveLength(0);
      expect(await runRows(db)).toMatchObject([{ state: 'done', attempt: 2 }]);
    });

    it('a slot that has an accepted iteration is not planned again', async () => {
      const missionId = await addMission(bench.account);
      const slot = await askToRun(bench.account, missionId);
      const runner = start();
      await runner.tick();
      await inTransaction(db, { role: 'owner' }, (tx) => tx`update runs set state = 'queued' where slot = ${slot}`);
      expect(await runner.tick()).toMatchObject({ claimed: 1, plansProduced: 0, errors: 0 });
      expect(bench.model.requests).toHaveLength(1);
      expect(await plansOf(bench.account, missionId)).toHaveLength(1);
    });

    it.each(['its lease ran out', 'it was given back', 'it is held'])(
      'a slot that a device planned is not planned again when a run of it had begun and %s',
      async (how) => {
        const missionId = await addMission(bench.account);
        const slot = await askToRun(bench.account, missionId);
        const store = heldStore();
        const [held] = (await store.claim(1)).claimed;
        if (held === undefined) throw new Error('nothing to claim');
        const id = deviceIterationId(missionId, slot, bench.account.client);
        await bench.account.write([put(iterations, id, { missionId, slot, source: 'device', outcome: 'empty' })]);
        if (how === 'its lease ran out') await expireLeases(db);
        else if (how === 'it was given back') await store.release(held);
        else expect(await store.renew(held, 'planning')).toBe(false);
        expect(await start().tick()).toMatchObject({ claimed: 0 });
        expect(bench.model.requests).toEqual([]);
        expect((await plansOf(bench.account, missionId)).map((plan) => plan.iteration.id)).toEqual([id]);
      },
    );
  });
});
