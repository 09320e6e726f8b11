import type { Database } from '@manara/db/client';
import { inTransaction } from '@manara/db/in-transaction';
import { hashJson } from '@manara/kernel/hash';
import { notes } from '@manara/modules/notes/schema';
import { todos } from '@manara/modules/todo/schema';
import { dayInZone } from '@manara/shared-ai/calendar-day';
import { sendMessage } from '@manara/shared-ai/chat-actions';
import { decisionWrite } from '@manara/shared-ai/decide';
import { deviceIterationId, stepIdOf } from '@manara/shared-ai/derived-ids';
import { runNow } from '@manara/shared-ai/mission-actions';
import { missions } from '@manara/shared-ai/tables/missions';
import { executions, iterations, policies, steps } from '@manara/shared-ai/tables/plans';
import { put } from '@manara/sync-core/write';
import { engines } from '@manara/testkit/engines';
import {
  addMission,
  askToRun,
  makeDue,
  openRunnerBench,
  plansOf,
  type RunnerBench,
  runRows,
} from '@manara/testkit/runner-bench';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MODEL_LIMITS, type ModelConfig } from './model/model-config.ts';
import { createRunner, type Runner, type RunnerDeps } from './runner.ts';

const step = (title: string, more: object = {}) => ({
  tool: 'todo.create',
  args: { title },
  rationale: `because of ${title}`,
  ...more,
});

describe.each(engines)('the mission runner on $name', ({ open }) => {
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

  describe('from a request to a plan', () => {
    it("writes the model's plan back as the mission runner, with rationale, usage and the exact prompt", async () => {
      const missionId = await addMission(bench.account);
      const slot = await askToRun(bench.account, missionId);
      bench.model.enqueue({
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
      const [plan, ...others] = await plansOf(bench.account, missionId);
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
        { role: 'app', accountId: bench.account.id },
        (tx) => tx<{ messages: unknown; hash: string; model: string }[]>`
        select messages, prompt_hash as hash, model from prompts where iteration_id = ${plan?.iteration.id ?? ''}`,
      );
      expect(bench.model.requests[0]?.body).toMatchObject({ messages: prompt?.messages });
      expect(prompt).toMatchObject({ hash: plan?.iteration.promptHash, model: 'scripted' });
      const [change] = await inTransaction(
        db,
        { role: 'app', accountId: bench.account.id },
        (tx) => tx<{ actor: object }[]>`
        select actor from changes where table_name = 'steps' limit 1`,
      );
      expect(change?.actor).toMatchObject({ kind: 'system', id: 'mission-runner', name: 'Mission runner' });
    });

    it("the model's rationale dropped: every step keeps it", async () => {
      const missionId = await addMission(bench.account);
      await askToRun(bench.account, missionId);
      bench.model.enqueue({ kind: 'plan', steps: [step('Call the bank')] });
      await start().tick();
      const [plan] = await plansOf(bench.account, missionId);
      expect(plan?.steps[0]?.rationale).toBe('because of Call the bank');
    });

    it('runner writes never poke: heads are told after the commit, and phases while it goes on', async () => {
      const missionId = await addMission(bench.account);
      await askToRun(bench.account, missionId);
      await start().tick();
      const [head] = await inTransaction(
        db,
        { role: 'app', accountId: bench.account.id },
        (tx) => tx<{ seq: number }[]>`select seq from sync_heads`,
      );
      expect(bench.heads).toEqual([{ [bench.account.space]: head?.seq }]);
      expect(bench.runEvents.map((event) => event.phase)).toEqual(['reading', 'planning', 'writing', 'done']);
      expect(bench.runEvents.every((event) => event.missionId === missionId && event.elapsedMs >= 0)).toBe(true);
    });

    it('plans by rules without a model, and says so', async () => {
      const noteId = bench.account.newId();
      await bench.account.write([put(notes, noteId, { title: 'House', body: 'TODO: call the plumber' })]);
      const missionId = await addMission(bench.account);
      await askToRun(bench.account, missionId);
      expect(await start({ model: null }).tick()).toMatchObject({ plansWrittenBack: 1, errors: 0 });
      const [plan] = await plansOf(bench.account, missionId);
      expect(plan?.iteration).toMatchObject({ tier: 'rules', model: 'rules', outcome: 'planned' });
      expect(JSON.stringify(plan?.steps)).toContain('call the plumber');
    });

    it('a run serves every request of its mission made before it', async () => {
      const missionId = await addMission(bench.account);
      for (let n = 0; n < 3; n++) await askToRun(bench.account, missionId);
      await start().tick();
      expect(await plansOf(bench.account, missionId)).toHaveLength(1);
      expect((await runRows(db)).map((row) => row.state)).toEqual(['done', 'done', 'done']);
      expect(bench.model.requests).toHaveLength(1);
    });

    it('`iterations[]` in one field loses work: a plan of a device and one of the runner both stay', async () => {
      const { account } = bench;
      const missionId = await addMission(account);
      await askToRun(account, missionId);
      const slot = '2026-11-20T07:00Z';
      const iterationId = deviceIterationId(missionId, slot, account.client);
      const byDevice = [
        put(iterations, iterationId, { missionId, slot, source: 'device', finishedAt: Date.now() }),
        put(steps, stepIdOf(iterationId, 1), {
          iterationId,
          missionId,
          n: 1,
          tool: 'todo.create',
          args: { title: 'By hand' },
        }),
      ];
      bench.model.enqueue({ kind: 'plan', steps: [step('By the runner')] });
      await Promise.all([start().tick(), account.write(byDevice)]);
      const plans = await plansOf(account, missionId);
      expect(plans.flatMap((plan) => plan.steps.map((row) => row.args.title)).sort()).toEqual([
        'By hand',
        'By the runner',
      ]);
    });

    it('reject feedback stored where the planner never reads it: the reason is in the next prompt', async () => {
      const missionId = await addMission(bench.account);
      await askToRun(bench.account, missionId);
      bench.model.enqueue({ kind: 'plan', steps: [step('Book a flight')] });
      const runner = start();
      await runner.tick();
      const [plan] = await plansOf(bench.account, missionId);
      const rejected = plan?.steps[0];
      if (!plan || !rejected) throw new Error('no plan');
      const seen = {
        stepId: rejected.id,
        missionId,
        iterationId: plan.iteration.id,
        argsHash: hashJson(rejected.args),
      };
      const context = { newId: () => bench.account.newId(), nowMs: Date.now(), clientId: bench.account.client };
      await bench.account.write([
        decisionWrite(seen, 'reject', context, { reasonCode: 'other', feedback: 'Never before payday' }),
      ]);
      await askToRun(bench.account, missionId);
      await runner.tick();
      expect(bench.model.requests.at(-1)?.promptText).toContain('Never before payday');
      expect(bench.model.requests.at(-1)?.promptText).toContain('Book a flight');
    });
  });

  it("a mission without a schedule and a chat have the days of who asked, not the server's", async () => {
    const east = 'Pacific/Kiritimati';
    const west = 'Etc/GMT+12';
    const missionId = await addMission(bench.account);
    const prompts: string[] = [];
    for (const zone of [east, west]) {
      const context = { newId: () => bench.account.newId(), nowMs: Date.now(), zone };
      for (const writes of [
        runNow(missionId, context),
        sendMessage({ conversationId: null, text: 'Tomorrow?' }, context).writes,
      ]) {
        bench.model.enqueue({ kind: 'text', text: JSON.stringify({ summary: 'Nothing', answer: 'No.', steps: [] }) });
        await bench.account.write(writes);
        await start().tick();
        prompts.push(bench.model.requests.at(-1)?.promptText ?? '');
      }
    }
    const days = prompts.map((text) => /Today is \w+, (\S+); the time zone is (\S+)\./.exec(text)?.slice(1));
    const [today, yesterday] = [dayInZone(Date.now(), east), dayInZone(Date.now(), west)];
    expect(today).not.toBe(yesterday);
    expect(days).toEqual([
      [today, east],
      [today, east],
      [yesterday, west],
      [yesterday, west],
    ]);
  });

  describe('schedules', () => {
    const daily = (rrule: string, zone: string) => ({
      kind: 'rrule' as const,
      rrule,
      zone,
      start: Date.UTC(2026, 0, 1),
    });

    it('due mission re-planned every tick: one plan however many ticks', async () => {
      const missionId = await addMission(bench.account, { trigger: daily('FREQ=DAILY;BYHOUR=8;BYMINUTE=0', 'UTC') });
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
      expect(await plansOf(bench.account, missionId)).toHaveLength(1);
    });

    it('catches up once after a long sleep, and is next due in the future', async () => {
      const missionId = await addMission(bench.account, { trigger: daily('FREQ=HOURLY', 'UTC') });
      await inTransaction(
        db,
        { role: 'owner' },
        (tx) => tx`update schedules set next_slot = now() - interval '30 days'`,
      );
      await start().tick();
      expect(await plansOf(bench.account, missionId)).toHaveLength(1);
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
          const missionId = await addMission(bench.account, {
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
        await addMission(bench.account, { trigger }),
        await addMission(bench.account, { trigger }),
        await addMission(bench.account, { trigger }),
      ];
      await makeDue(db);
      const runner = start();
      // Claimed, then given back: the runs are queued when the missions change.
      const [paused = '', archived = '', deleted = ''] = ids;
      await bench.account.write(
        [put(missions, paused, { state: 'paused' })],
        [put(missions, archived, { state: 'archived' })],
        [{ table: 'missions', id: deleted, deleted: true }],
      );
      await runner.tick();
      for (const id of ids) expect(await plansOf(bench.account, id)).toEqual([]);
      expect(bench.model.requests).toEqual([]);
    });
  });

  describe('what a mission allows', () => {
    it('steps run by themselves only when the mission and a rule say so, and undo knows whose they are', async () => {
      const auto = await addMission(bench.account, { autonomy: 'auto' });
      const asks = await addMission(bench.account, { autonomy: 'propose' });
      await bench.account.write([
        put(policies, bench.account.newId(), { match: { tool: 'todo.create' }, decision: 'auto', mode: 'enforce' }),
      ]);
      for (const id of [auto, asks]) await askToRun(bench.account, id);
      bench.model.setFallback({
        kind: 'plan',
        steps: [step('Call the bank'), { tool: 'notes.create', args: { title: 'A note' }, rationale: 'x' }],
      });
      await start().tick();
      const [plan] = await plansOf(bench.account, auto);
      const done = await bench.account.read((reader) => reader.list(executions));
      expect(done).toMatchObject([{ stepId: plan?.steps[0]?.id, status: 'done', missionId: auto }]);
      const made = await bench.account.read((reader) => reader.list(todos));
      expect(made.map((todo) => todo.title)).toEqual(['Call the bank']);
      expect(await bench.account.read((reader) => reader.list(notes))).toEqual([]);
      const [change] = await inTransaction(
        db,
        { role: 'app', accountId: bench.account.id },
        (tx) => tx<{ actor: object }[]>`select actor from changes where table_name = 'todos'`,
      );
      expect(change?.actor).toMatchObject({ kind: 'ai', missionId: auto, stepId: plan?.steps[0]?.id });
      expect(bench.heads).toHaveLength(2);
    });

    it('a mission over its runs of the day says so instead of planning', async () => {
      const missionId = await addMission(bench.account, { budget: { runsDay: 1 } });
      const runner = start();
      for (let n = 0; n < 2; n++) {
        await askToRun(bench.account, missionId);
        await runner.tick();
      }
      expect(
        (await plansOf(bench.account, missionId)).map((plan) => [plan.iteration.outcome, plan.iteration.error]),
      ).toEqual([
        [expect.stringMatching(/planned|empty/), null],
        ['cancelled', expect.stringContaining('1 runs')],
      ]);
      expect(bench.model.requests).toHaveLength(1);
    });

    it('a mission that keeps its inputs on this server sends nothing to a model elsewhere', async () => {
      const missionId = await addMission(bench.account, { privacy: 'localOnly' });
      await askToRun(bench.account, missionId);
      const asked: unknown[] = [];
      const fetch = (input: unknown) => {
        asked.push(input);
        return Promise.reject(new Error('no'));
      };
      await start({ model: config({ baseUrl: 'http://model.example/v1' }), fetch }).tick();
      expect(asked).toEqual([]);
      const [plan] = await plansOf(bench.account, missionId);
      expect(plan?.iteration).toMatchObject({
        tier: 'rules',
        repairLog: [expect.stringContaining('keeps its inputs')],
      });
    });
  });
});
