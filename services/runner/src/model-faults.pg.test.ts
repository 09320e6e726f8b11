import type { Database } from '@manara/db/client';
import { notes } from '@manara/modules/notes/schema';
import { toolByName } from '@manara/modules/registry';
import { put } from '@manara/sync-core/write';
import { engines } from '@manara/testkit/engines';
import {
  addMission,
  askToRun,
  openRunnerBench,
  plansOf,
  type RunnerBench,
  runRows,
} from '@manara/testkit/runner-bench';
import { MODEL_FAULTS, type ScriptedReply } from '@manara/testkit/scripted-model/scripted-reply';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MODEL_LIMITS, type ModelConfig } from './model/model-config.ts';
import { createRunner, type Runner, type RunnerDeps } from './runner.ts';

const step = (title: string, more: object = {}) => ({
  tool: 'todo.create',
  args: { title },
  rationale: `because of ${title}`,
  ...more,
});

describe.each(engines)('a mission whose model goes wrong on $name', ({ open }) => {
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
    // Not shorter: a model that answers must not seem silent because the machine is busy.
    limits: { ...MODEL_LIMITS, idleMs: 1000, totalMs: 4000 },
    ...other,
  });
  const start = (other: Partial<RunnerDeps> = {}): Runner => createRunner({ ...bench.deps, model: config(), ...other });

  describe('a model that goes wrong', () => {
    it.each(Object.keys(MODEL_FAULTS))(
      '%s: the mission ends with a plan or says what failed, and no lease is stuck',
      async (fault) => {
        const missionId = await addMission(bench.account);
        await bench.account.write([
          put(notes, bench.account.newId(), { title: 'House', body: 'TODO: call the plumber' }),
        ]);
        await askToRun(bench.account, missionId);
        bench.model.setFallback(MODEL_FAULTS[fault] as ScriptedReply);
        await start().tick();
        const [plan, ...others] = await plansOf(bench.account, missionId);
        expect(others).toEqual([]);
        expect(await runRows(db)).toMatchObject([{ state: 'done', leased: false }]);
        if (!plan) throw new Error('neither a plan nor a failed iteration');
        if (plan.iteration.tier === 'rules') expect(plan.iteration.repairLog.join(' ')).toMatch(/Planned by rules: \w/);
        expect(plan.steps.length).toBeLessThanOrEqual(200);
        for (const row of plan.steps)
          expect(row.validity.state === 'quarantined' ? row.validity.reason : 'ok').toBeTruthy();
        for (const row of plan.steps) if (!toolByName.has(row.tool)) expect(row.validity.state).toBe('quarantined');
        expect(JSON.stringify([plan, bench.logged])).not.toContain('sk-test-secret-key');
      },
    );

    it('429 with Retry-After 86400 is not waited for, and the next mission does not ask again', async () => {
      const ids = [await addMission(bench.account), await addMission(bench.account)];
      for (const id of ids) await askToRun(bench.account, id);
      bench.model.setFallback(MODEL_FAULTS['rate limited for a day'] as ScriptedReply);
      const startedMs = performance.now();
      const runner = start({ tuning: { concurrency: 1 } });
      await runner.tick();
      expect(performance.now() - startedMs).toBeLessThan(3000);
      expect(bench.model.requests).toHaveLength(1);
      for (const id of ids) expect((await plansOf(bench.account, id))[0]?.iteration.tier).toBe('rules');
      expect((await runRows(db)).every((row) => row.state === 'done' && !row.leased)).toBe(true);
    });

    it('is shown its unreadable answer once, and counts it', async () => {
      const missionId = await addMission(bench.account);
      await askToRun(bench.account, missionId);
      bench.model.enqueue(
        { kind: 'text', text: 'I would rather write a poem.' },
        { kind: 'plan', summary: 'Sorry', steps: [step('Call the bank')] },
      );
      expect(await start().tick()).toMatchObject({ parseFailures: 1, plansWrittenBack: 1 });
      const [plan] = await plansOf(bench.account, missionId);
      expect(plan?.iteration).toMatchObject({ tier: 'model', summary: 'Sorry' });
      expect(plan?.iteration.repairLog.join(' ')).toContain('asked again');
      expect(bench.model.requests[1]?.promptText).toContain('poem');
    });
  });
});
