import type { Database } from '@manara/db/client';
import { inTransaction } from '@manara/db/in-transaction';
import { hashJson } from '@manara/kernel/hash';
import { notes } from '@manara/modules/notes/schema';
import { inputSources, rules, tableByName, toolByName } from '@manara/modules/registry';
import { todos } from '@manara/modules/todo/schema';
import type { RunEvent } from '@manara/protocol/live';
import { decisionWrite } from '@manara/shared-ai/decide';
import { missions } from '@manara/shared-ai/tables/missions';
import { executions, iterations, policies } from '@manara/shared-ai/tables/plans';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { put } from '@manara/sync-core/write';
import { engines } from '@manara/testkit/engines';
import {
  addMission,
  askToRun,
  endBackoff,
  expireLeases,
  makeDue,
  plansOf,
  runRows,
} from '@manara/testkit/runner-bench';
import { type ScriptedModel, startScriptedModel } from '@manara/testkit/scripted-model/scripted-model';
import { MODEL_FAULTS, type ScriptedReply } from '@manara/testkit/scripted-model/scripted-reply';
import { ServerAccount } from '@manara/testkit/server-account';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MODEL_LIMITS, type ModelConfig } from './model/model-config.ts';
import { createDatabaseRunStore, type DatabaseRunStoreDeps } from './database-run-store.ts';
import type { RunStore } from './run-store.ts';
import { RUNNER_TUNING, type RunnerTuning } from './runner-context.ts';
import { systemClock, systemRandom } from './seams.ts';
import { createStamper } from './stamp-writes.ts';
import { createRunner, type Runner, type RunnerDeps } from './runner.ts';

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

describe.each(engines)('the mission runner on $name', ({ open }) => {
  let db: Database;
  let model: ScriptedModel;
  let account: ServerAccount;
  let pokes: { heads: Record<string, number>[]; runs: RunEvent[] };
  let logged: { level: string; details: object; message: string }[];

  beforeAll(async () => {
    db = await open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    model = await startScriptedModel();
    account = await ServerAccount.create(db);
    pokes = { heads: [], runs: [] };
    logged = [];
  });
  afterEach(async () => {
    await model.close();
    // The next test's runner must find nothing of this one's.
    await inTransaction(db, { role: 'owner' }, (tx) => tx`delete from runs`);
    await inTransaction(db, { role: 'owner' }, (tx) => tx`delete from schedules`);
  });

  const log = (level: string) => (details: object, message: string) => void logged.push({ level, details, message });
  const config = (other: Partial<ModelConfig> = {}): ModelConfig => ({
    baseUrl: model.baseUrl,
    apiKey: 'sk-test-secret-key',
    model: 'scripted',
    limits: { ...MODEL_LIMITS, idleMs: 200, totalMs: 4000 },
    ...other,
  });
  function start(other: Partial<RunnerDeps> = {}): Runner {
    return createRunner({
      db,
      model: config(),
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      pokes: {
        heads: (heads) => void pokes.heads.push({ ...heads }),
        run: (_space, event) => void pokes.runs.push(event),
      },
      ...other,
    });
  }

  /** What another runner process sees of the runs. */
  const heldStore = (tuning: Partial<RunnerTuning> = {}, client = 'bbbbbbbbbbbbbbbb') =>
    createDatabaseRunStore({
      db,
      clock: systemClock,
      random: systemRandom,
      tuning: { ...RUNNER_TUNING, ...tuning },
      client,
    });

  describe('from a request to a plan', () => {
    it("writes the model's plan back as the mission runner, with rationale, usage and the exact prompt", async () => {
      const missionId = await addMission(account);
      const slot = await askToRun(account, missionId);
      model.enqueue({
        kind: 'plan',
        summary: 'Two new todos',
        steps: [step('Call the bank'), step('Buy milk')],
        usage: { prompt_tokens: 700, completion_tokens: 90 },
      });
      const report = await start().tick();
      expect(report).toEqual({
        due: 0,
        claimed: 1,
        plansProduced: 1,
        parseFailures: 0,
        plansWrittenBack: 1,
        errors: 0,
      });
      const [plan, ...others] = await plansOf(account, missionId);
      expect(others).toEqual([]);
      expect(plan?.iteration).toMatchObject({
        slot,
        source: 'server',
        outcome: 'planned',
        tier: 'model',
        model: 'scripted',
        usage: { in: 700, out: 90 },
        error: null,
      });
      expect(plan?.iteration.accepted).not.toBeNull();
      expect(plan?.steps.map((row) => [row.n, row.tool, row.args.title, row.validity.state])).toEqual([
        [1, 'todo.create', 'Call the bank', 'ok'],
        [2, 'todo.create', 'Buy milk', 'ok'],
      ]);
      const [prompt] = await inTransaction(
        db,
        { role: 'app', accountId: account.id },
        (tx) => tx<{ messages: unknown; hash: string; model: string }[]>`
        select messages, prompt_hash as hash, model from prompts where iteration_id = ${plan?.iteration.id ?? ''}`,
      );
      expect(prompt?.messages).toEqual((model.requests[0]?.body as { messages: unknown }).messages);
      expect(prompt).toMatchObject({ hash: plan?.iteration.promptHash, model: 'scripted' });
      const [change] = await inTransaction(
        db,
        { role: 'app', accountId: account.id },
        (tx) => tx<{ actor: object }[]>`
        select actor from changes where table_name = 'steps' limit 1`,
      );
      expect(change?.actor).toMatchObject({ kind: 'system', id: 'mission-runner', name: 'Mission runner' });
    });

    it("the model's rationale dropped: every step keeps it", async () => {
      const missionId = await addMission(account);
      await askToRun(account, missionId);
      model.enqueue({ kind: 'plan', steps: [step('Call the bank')] });
      await start().tick();
      const [plan] = await plansOf(account, missionId);
      expect(plan?.steps[0]?.rationale).toBe('because of Call the bank');
    });

    it('runner writes never poke: heads are told after the commit, and phases while it goes on', async () => {
      const missionId = await addMission(account);
      await askToRun(account, missionId);
      await start().tick();
      const [head] = await inTransaction(
        db,
        { role: 'app', accountId: account.id },
        (tx) => tx<{ seq: number }[]>`select seq from sync_heads`,
      );
      expect(pokes.heads).toEqual([{ [account.space]: head?.seq }]);
      expect(pokes.runs.map((event) => event.phase)).toEqual(['reading', 'planning', 'writing', 'done']);
      expect(pokes.runs.every((event) => event.missionId === missionId && event.elapsedMs >= 0)).toBe(true);
    });

    it('plans by rules without a model, and says so', async () => {
      const noteId = account.newId();
      await account.write([put(notes, noteId, { title: 'House', body: 'TODO: call the plumber' })]);
      const missionId = await addMission(account);
      await askToRun(account, missionId);
      expect(await start({ model: null }).tick()).toMatchObject({ plansWrittenBack: 1, errors: 0 });
      const [plan] = await plansOf(account, missionId);
      expect(plan?.iteration).toMatchObject({ tier: 'rules', model: 'rules', outcome: 'planned' });
      expect(JSON.stringify(plan?.steps)).toContain('call the plumber');
    });

    it('a run serves every request of its mission made before it', async () => {
      const missionId = await addMission(account);
      for (let n = 0; n < 3; n++) await askToRun(account, missionId);
      await start().tick();
      expect(await plansOf(account, missionId)).toHaveLength(1);
      expect((await runRows(db)).map((row) => row.state)).toEqual(['done', 'done', 'done']);
      expect(model.requests).toHaveLength(1);
    });

    it('reject feedback stored where the planner never reads it: the reason is in the next prompt', async () => {
      const missionId = await addMission(account);
      await askToRun(account, missionId);
      model.enqueue({ kind: 'plan', steps: [step('Book a flight')] });
      const runner = start();
      await runner.tick();
      const [plan] = await plansOf(account, missionId);
      const rejected = plan?.steps[0];
      if (!plan || !rejected) throw new Error('no plan');
      const seen = {
        stepId: rejected.id,
        missionId,
        iterationId: plan.iteration.id,
        argsHash: hashJson(rejected.args),
      };
      const context = { newId: () => account.newId(), nowMs: Date.now(), clientId: account.client };
      await account.write([
        decisionWrite(seen, 'reject', context, { reasonCode: 'other', feedback: 'Never before payday' }),
      ]);
      await askToRun(account, missionId);
      await runner.tick();
      expect(model.requests.at(-1)?.promptText).toContain('Never before payday');
      expect(model.requests.at(-1)?.promptText).toContain('Book a flight');
    });
  });

  describe('schedules', () => {
    const daily = (rrule: string, zone: string) => ({
      kind: 'rrule' as const,
      rrule,
      zone,
      start: Date.UTC(2026, 0, 1),
    });

    it('due mission re-planned every tick: one plan however many ticks', async () => {
      const missionId = await addMission(account, { trigger: daily('FREQ=DAILY;BYHOUR=8;BYMINUTE=0', 'UTC') });
      await makeDue(db);
      const runner = start();
      const reports = [];
      for (let n = 0; n < 5; n++) reports.push(await runner.tick());
      expect(reports.map((report) => [report.due, report.plansWrittenBack])).toEqual([
        [1, 1],
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ]);
      expect(await plansOf(account, missionId)).toHaveLength(1);
    });

    it('catches up once after a long sleep, and is next due in the future', async () => {
      const missionId = await addMission(account, { trigger: daily('FREQ=HOURLY', 'UTC') });
      await inTransaction(
        db,
        { role: 'owner' },
        (tx) => tx`update schedules set next_slot = now() - interval '30 days'`,
      );
      await start().tick();
      expect(await plansOf(account, missionId)).toHaveLength(1);
      const [schedule] = await inTransaction(
        db,
        { role: 'runner' },
        (tx) => tx<{ ahead: boolean }[]>`select next_slot > now() as ahead from schedules`,
      );
      expect(schedule?.ahead).toBe(true);
    });

    it("cadence in the server's time zone: 8:00 is 8:00 where the mission is", async () => {
      const before = process.env.TZ;
      try {
        for (const zone of ['America/New_York', 'Pacific/Auckland']) {
          process.env.TZ = zone;
          const missionId = await addMission(account, {
            trigger: daily('FREQ=DAILY;BYHOUR=8;BYMINUTE=0', 'Asia/Tokyo'),
          });
          await inTransaction(
            db,
            { role: 'owner' },
            (tx) => tx`update schedules set next_slot = now() - interval '1 day' where mission_id = ${missionId}`,
          );
          await start().tick();
          const [schedule] = await inTransaction(
            db,
            { role: 'runner' },
            (tx) => tx<{ at: string }[]>`
            select to_char(next_slot at time zone 'UTC', 'HH24:MI') as at from schedules where mission_id = ${missionId}`,
          );
          expect(schedule?.at).toBe('23:00');
        }
      } finally {
        if (before === undefined) delete process.env.TZ;
        else process.env.TZ = before;
      }
    });

    it('plans nothing for a mission that was paused, put away or deleted meanwhile', async () => {
      const trigger = daily('FREQ=HOURLY', 'UTC');
      const ids = [
        await addMission(account, { trigger }),
        await addMission(account, { trigger }),
        await addMission(account, { trigger }),
      ];
      await makeDue(db);
      const runner = start();
      // Claimed, then given back: the runs are queued when the missions change.
      const [paused = '', archived = '', deleted = ''] = ids;
      await account.write(
        [put(missions, paused, { state: 'paused' })],
        [put(missions, archived, { state: 'archived' })],
        [{ table: 'missions', id: deleted, deleted: true }],
      );
      await runner.tick();
      for (const id of ids) expect(await plansOf(account, id)).toEqual([]);
      expect(model.requests).toEqual([]);
    });
  });

  describe('a model that goes wrong', () => {
    it.each(Object.keys(MODEL_FAULTS))(
      '%s: the mission ends with a plan or says what failed, and no lease is stuck',
      async (fault) => {
        const missionId = await addMission(account);
        await account.write([put(notes, account.newId(), { title: 'House', body: 'TODO: call the plumber' })]);
        await askToRun(account, missionId);
        model.setFallback(MODEL_FAULTS[fault] as ScriptedReply);
        await start().tick();
        const [plan, ...others] = await plansOf(account, missionId);
        expect(others).toEqual([]);
        expect(await runRows(db)).toMatchObject([{ state: 'done', leased: false }]);
        if (!plan) throw new Error('neither a plan nor a failed iteration');
        if (plan.iteration.tier === 'rules') expect(plan.iteration.repairLog.join(' ')).toMatch(/Planned by rules: \w/);
        expect(plan.steps.length).toBeLessThanOrEqual(200);
        for (const row of plan.steps)
          expect(row.validity.state === 'quarantined' ? row.validity.reason : 'ok').toBeTruthy();
        for (const row of plan.steps) if (!toolByName.has(row.tool)) expect(row.validity.state).toBe('quarantined');
        expect(JSON.stringify([plan, logged])).not.toContain('sk-test-secret-key');
      },
    );

    it('429 with Retry-After 86400 is not waited for, and the next mission does not ask again', async () => {
      const ids = [await addMission(account), await addMission(account)];
      for (const id of ids) await askToRun(account, id);
      model.setFallback(MODEL_FAULTS['rate limited for a day'] as ScriptedReply);
      const startedMs = performance.now();
      const runner = start({ tuning: { concurrency: 1 } });
      await runner.tick();
      expect(performance.now() - startedMs).toBeLessThan(3000);
      expect(model.requests).toHaveLength(1);
      for (const id of ids) expect((await plansOf(account, id))[0]?.iteration.tier).toBe('rules');
      expect((await runRows(db)).every((row) => row.state === 'done' && !row.leased)).toBe(true);
    });

    it('is shown its unreadable answer once, and counts it', async () => {
      const missionId = await addMission(account);
      await askToRun(account, missionId);
      model.enqueue(
        { kind: 'text', text: 'I would rather write a poem.' },
        { kind: 'plan', summary: 'Sorry', steps: [step('Call the bank')] },
      );
      expect(await start().tick()).toMatchObject({ parseFailures: 1, plansWrittenBack: 1 });
      const [plan] = await plansOf(account, missionId);
      expect(plan?.iteration).toMatchObject({ tier: 'model', summary: 'Sorry' });
      expect(plan?.iteration.repairLog.join(' ')).toContain('asked again');
      expect(model.requests[1]?.promptText).toContain('poem');
    });
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
      const missionId = await addMission(account);
      await askToRun(account, missionId);
      model.enqueue({ kind: 'plan', steps: [step('Call the bank'), step('explode'), step('Buy milk')] });
      await start({ registry: { tools, tables: tableByName, rules, inputSources } }).tick();
      const [plan] = await plansOf(account, missionId);
      expect(plan?.steps.map((row) => row.validity.state)).toEqual(['ok', 'quarantined', 'ok']);
      expect(JSON.stringify(plan)).not.toContain('/srv/secret');
    });

    it('one failing mission never stops others, and is tried again', async () => {
      const failing = await addMission(account, { title: 'explode' });
      const fine = await addMission(account);
      for (const id of [failing, fine]) await askToRun(account, id);
      const runner = start({ createStore: exploding(failing) });
      expect(await runner.tick()).toMatchObject({ claimed: 2, plansWrittenBack: 1, errors: 1 });
      expect(await plansOf(account, fine)).toHaveLength(1);
      expect(await plansOf(account, failing)).toEqual([]);
      expect((await runRows(db)).map((row) => [row.state, row.leased])).toEqual([
        ['failed', false],
        ['done', false],
      ]);
    });

    it('raw error text returned to the client: the last attempt ends in a failed iteration with words for its owner', async () => {
      const failing = await addMission(account);
      await askToRun(account, failing);
      const runner = start({ createStore: exploding(failing), tuning: { attemptsMax: 2, backoffMs: 1 } });
      await runner.tick();
      await endBackoff(db);
      await runner.tick();
      const [plan] = await plansOf(account, failing);
      expect(plan?.iteration).toMatchObject({
        outcome: 'failed',
        error: expect.stringMatching(/^Something went wrong on the server \(reference /),
      });
      expect(JSON.stringify([plan, await runRows(db)])).not.toMatch(/relation|secret/);
      expect(await runRows(db)).toMatchObject([{ state: 'dead', attempt: 2, leased: false }]);
      expect(JSON.stringify(logged)).toContain('reference');
      await runner.tick();
      expect(await plansOf(account, failing)).toHaveLength(1);
    });

    it('a run that kills its workers is dead after its attempts, and its owner sees it', async () => {
      const missionId = await addMission(account);
      await askToRun(account, missionId);
      const tuning = { attemptsMax: 2 };
      const store = heldStore(tuning);
      for (let n = 0; n < 2; n++) {
        expect((await store.claim(1)).claimed).toHaveLength(1);
        await expireLeases(db);
      }
      await start({ tuning }).tick();
      const [plan] = await plansOf(account, missionId);
      expect(plan?.iteration).toMatchObject({ outcome: 'failed', error: expect.stringContaining('never finished') });
      expect(await runRows(db)).toMatchObject([{ state: 'dead' }]);
    });
  });

  describe('fences', () => {
    it('the late write of a runner whose lease ran out is refused, and nothing of it stays', async () => {
      const missionId = await addMission(account);
      await askToRun(account, missionId);
      const late = heldStore();
      const [held] = (await late.claim(1)).claimed;
      if (!held) throw new Error('nothing claimed');
      await expireLeases(db);
      await start().tick();
      const iterationId = account.newId();
      const stamper = createStamper('bbbbbbbbbbbbbbbb');
      const written = { space: account.space, actor: RUNNER_ACTOR, nowMs: Date.now(), newId: () => account.newId() };
      const ops = stamper.toOps(
        [[put(iterations, iterationId, { missionId, slot: held.slot, summary: 'late' })]],
        written,
      );
      const prompt = { iterationId, messages: [], model: 'm', version: '1', hash: 'h' };
      expect(await late.writeBack(held, { ops, prompt, failure: null, follow: null })).toEqual({ status: 'lost' });
      expect(await late.renew(held, 'planning')).toBe(false);
      expect(await late.fail(held, { message: 'x', final: true })).toBeNull();
      expect((await plansOf(account, missionId)).map((plan) => plan.iteration.summary)).not.toContain('late');
      const prompts = await inTransaction(
        db,
        { role: 'app', accountId: account.id },
        (tx) => tx`select 1 from prompts where iteration_id = ${iterationId}`,
      );
      expect(prompts).toHaveLength(0);
      expect(await runRows(db)).toMatchObject([{ state: 'done', attempt: 2 }]);
    });

    it('a slot that has an accepted iteration is not planned again', async () => {
      const missionId = await addMission(account);
      const slot = await askToRun(account, missionId);
      const runner = start();
      await runner.tick();
      await inTransaction(db, { role: 'owner' }, (tx) => tx`update runs set state = 'queued' where slot = ${slot}`);
      expect(await runner.tick()).toMatchObject({ claimed: 1, plansProduced: 0, errors: 0 });
      expect(model.requests).toHaveLength(1);
      expect(await plansOf(account, missionId)).toHaveLength(1);
    });
  });

  describe('what a mission allows', () => {
    it('steps run by themselves only when the mission and a rule say so, and undo knows whose they are', async () => {
      const auto = await addMission(account, { autonomy: 'auto' });
      const asks = await addMission(account, { autonomy: 'propose' });
      await account.write([
        put(policies, account.newId(), { match: { tool: 'todo.create' }, decision: 'auto', mode: 'enforce' }),
      ]);
      for (const id of [auto, asks]) await askToRun(account, id);
      model.setFallback({
        kind: 'plan',
        steps: [step('Call the bank'), { tool: 'notes.create', args: { title: 'A note' }, rationale: 'x' }],
      });
      await start().tick();
      const [plan] = await plansOf(account, auto);
      const done = await account.read((reader) => reader.list(executions));
      expect(done).toMatchObject([{ stepId: plan?.steps[0]?.id, status: 'done', missionId: auto }]);
      const made = await account.read((reader) => reader.list(todos));
      expect(made.map((todo) => todo.title)).toEqual(['Call the bank']);
      expect(await account.read((reader) => reader.list(notes))).toEqual([]);
      const [change] = await inTransaction(
        db,
        { role: 'app', accountId: account.id },
        (tx) => tx<{ actor: object }[]>`select actor from changes where table_name = 'todos'`,
      );
      expect(change?.actor).toMatchObject({ kind: 'ai', missionId: auto, stepId: plan?.steps[0]?.id });
      expect(pokes.heads).toHaveLength(2);
    });

    it('a mission over its runs of the day says so instead of planning', async () => {
      const missionId = await addMission(account, { budget: { runsDay: 1 } });
      const runner = start();
      for (let n = 0; n < 2; n++) {
        await askToRun(account, missionId);
        await runner.tick();
      }
      expect((await plansOf(account, missionId)).map((plan) => [plan.iteration.outcome, plan.iteration.error])).toEqual(
        [
          [expect.stringMatching(/planned|empty/), null],
          ['cancelled', expect.stringContaining('1 runs')],
        ],
      );
      expect(model.requests).toHaveLength(1);
    });

    it('a mission that keeps its inputs on this server sends nothing to a model elsewhere', async () => {
      const missionId = await addMission(account, { privacy: 'localOnly' });
      await askToRun(account, missionId);
      const asked: unknown[] = [];
      const fetch = (input: unknown) => {
        asked.push(input);
        return Promise.reject(new Error('no'));
      };
      await start({ model: config({ baseUrl: 'http://model.example/v1' }), fetch }).tick();
      expect(asked).toEqual([]);
      const [plan] = await plansOf(account, missionId);
      expect(plan?.iteration).toMatchObject({
        tier: 'rules',
        repairLog: [expect.stringContaining('keeps its inputs')],
      });
    });
  });
});
