import { derivedId } from '@manara/kernel/id';
import { tables, toolByName } from '@manara/modules/registry';
import { todoLists, todos } from '@manara/modules/todo/schema';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { put } from '@manara/sync-core/write';
import { MemoryServer } from '@manara/testkit/memory-space';
import {
  ADA,
  DEVICE_A,
  DEVICE_B,
  Decider,
  missionWrite,
  newDevice,
  PLANNED_AT,
  planOf,
  type StepInput,
  stepId,
  todoId,
  todoWrite,
} from '@manara/testkit/planned-space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reject, reopen, snooze } from './decide.ts';
import { createdIdOf, executionIdOf } from './derived-ids.ts';
import { viewOf } from './proposal.ts';
import {
  approve,
  approvePlan,
  edit,
  editAndApprove,
  executeApproved,
  executeAuto,
  loadSettlement,
  retry,
} from './settlement.ts';
import { stageChanged } from './stage.ts';
import { missions } from './tables/missions.ts';
import { decisions, executions, policies, steps } from './tables/plans.ts';
import type { Tool } from './tool.ts';

const create = (title: string, more: Partial<StepInput> = {}): StepInput => ({
  tool: 'todo.create',
  args: { title },
  ...more,
});

function deviceWith(plan: readonly StepInput[], more: Parameters<typeof missionWrite>[0] = {}) {
  const device = newDevice(DEVICE_A);
  device.write(
    [missionWrite(more), todoWrite('Water plants'), todoWrite('Call Bo', { due: '2026-11-18' })],
    ADA,
    PLANNED_AT - 1000,
  );
  device.write(planOf(plan), RUNNER_ACTOR, PLANNED_AT);
  return { device, ada: new Decider(device) };
}

describe('approve', () => {
  it('writes decision, execution and effect as one op group, each by the right hand', async () => {
    const { device, ada } = deviceWith([create('Buy milk', { rationale: 'the note says so' })]);
    const seen = await ada.proposals(1);
    const settled = approve(await ada.load(seen), seen);
    expect(settled).toMatchObject({ executed: [stepId(1)], left: [], failed: [] });
    const [group = []] = settled.groups;
    expect(group.map((write) => [write.table, write.actor?.kind])).toEqual([
      ['decisions', undefined],
      ['executions', 'ai'],
      ['todos', 'ai'],
    ]);
    expect(group[2]).toMatchObject({ id: createdIdOf(stepId(1), 'todo'), deleted: false, set: { title: 'Buy milk' } });
    expect(group[2]?.actor).toMatchObject({
      id: seen[0]?.missionId,
      name: 'Plan my day',
      stepId: stepId(1),
      executionId: executionIdOf(stepId(1)),
      reason: 'the note says so',
    });
    ada.write(settled.groups);
    expect((await ada.proposals(1))[0]).toMatchObject({ status: 'done', provisional: false });
    expect((await device.get(executions, executionIdOf(stepId(1))))?.changes[0]).toMatchObject({
      field: '$deleted',
      before: null,
    });
  });

  it('records before and after of what it changes, and writes nothing else', async () => {
    const { device, ada } = deviceWith([
      { tool: 'todo.update', args: { id: todoId('Call Bo'), due: '2026-11-20', title: 'Call Bo' } },
    ]);
    const seen = await ada.proposals(1);
    ada.write(approve(await ada.load(seen), seen).groups);
    expect((await device.get(executions, executionIdOf(stepId(1))))?.changes).toEqual([
      { table: 'todos', id: todoId('Call Bo'), field: 'due', before: '2026-11-18', after: '2026-11-20' },
    ]);
  });

  it.each([
    ['a stale premise', { tool: 'todo.complete', args: { id: todoId('gone') } }, 'stale'],
    ['arguments that the schema refuses', { tool: 'todo.create', args: { title: ' ' } }, 'bad_args'],
    ['a tool that this version does not know', { tool: 'todo.fly', args: {} }, 'unknown_tool'],
    ['an expired step', create('x', { expiresAt: PLANNED_AT + 1 }), 'expired'],
    ['a quarantined step', create('x', { validity: { state: 'quarantined', reason: 'no' } }), 'quarantined'],
    ['a dependency that is not done', create('x', { dependsOn: [7] }), 'depends'],
  ] as [string, StepInput, string][])('leaves %s untouched and says why', async (_name, input, code) => {
    const { ada } = deviceWith([input]);
    const seen = await ada.proposals(1);
    const settled = approve(await ada.load(seen), seen);
    expect(settled.groups).toEqual([]);
    expect(settled.left).toMatchObject([{ stepId: stepId(1), code }]);
    expect(settled.left[0]?.reason).not.toBe('');
  });

  it('binds to the arguments that were shown: an edit in between voids it', async () => {
    const { ada } = deviceWith([create('Buy milk')]);
    const seen = await ada.proposals(1);
    const [proposal] = seen;
    ada.write(edit(await ada.load(seen), proposal as never, { title: 'Buy oat milk' }).groups);
    expect(approve(await ada.load(seen), seen).left[0]?.code).toBe('changed');
  });

  it('runs a plan in its order, so that a step may use what an earlier one creates', async () => {
    const listId = createdIdOf(stepId(1), 'list');
    const { device, ada } = deviceWith([
      { tool: 'todo.createList', args: { title: 'Trip' } },
      create('Pack', { args: { title: 'Pack', listId }, dependsOn: [1] }),
    ]);
    const seen = await ada.proposals(2, 1);
    const settled = approve(await ada.load(seen), seen);
    expect(settled.executed).toEqual([stepId(1), stepId(2)]);
    ada.write(settled.groups);
    expect((await device.get(todos, createdIdOf(stepId(2), 'todo')))?.listId).toBe(listId);
    expect((await device.get(todoLists, listId))?.title).toBe('Trip');
  });

  it('a throwing tool kills the iteration: no, it fails alone, tells nothing of what it threw, and can be tried again', async () => {
    const { device, ada } = deviceWith([create('one'), create('two')]);
    const seen = await ada.proposals(1, 2);
    const settlement = await ada.load(seen);
    const real = toolByName.get('todo.create') as Tool;
    let calls = 0;
    const flaky: Tool = {
      ...real,
      apply: (...given) => {
        calls += 1;
        if (calls === 1) throw new Error('secret at /var/db');
        return real.apply(...given);
      },
    };
    const settled = approve({ ...settlement, tools: new Map([['todo.create', flaky]]) }, seen);
    expect(settled).toMatchObject({ failed: [stepId(1)], executed: [stepId(2)] });
    expect(JSON.stringify(settled)).not.toContain('secret');
    ada.write(settled.groups);
    const failed = await ada.proposals(1);
    expect(failed[0]).toMatchObject({ status: 'failed', error: 'todo.create failed' });
    const again = retry(await ada.load(failed), failed);
    expect(again.groups[0]?.[0]?.set).not.toHaveProperty('clientId');
    ada.write(again.groups);
    expect((await ada.proposals(1))[0]).toMatchObject({ status: 'done', error: null });
    expect((await device.list(todos)).map((todo) => todo.title).sort()).toEqual([
      'Call Bo',
      'Water plants',
      'one',
      'two',
    ]);
  });

  it('approval executes before its status is written and ignores failure: no, both are in one group or nothing is', async () => {
    const { ada } = deviceWith([create('x')]);
    const seen = await ada.proposals(1);
    for (const group of approve(await ada.load(seen), seen).groups) {
      const tablesOf = group.map((write) => write.table);
      expect(tablesOf).toEqual(expect.arrayContaining(['decisions', 'executions', 'todos']));
    }
  });

  it('a mission that was deleted executes nothing', async () => {
    const { device, ada } = deviceWith([create('x')]);
    device.write([{ table: missions.name, id: derivedId('mission'), deleted: true }], ADA, PLANNED_AT + 1);
    const seen = await ada.proposals(1);
    expect(approve(await ada.load(seen), seen).left[0]?.code).toBe('lapsed');
  });
});

describe('approve-all', () => {
  it('covers reversible steps of low or medium risk, tainted ones too; the rest ask alone', async () => {
    const { ada } = deviceWith([
      create('low'),
      { tool: 'todo.update', args: { id: todoId('Call Bo'), due: '2026-11-20' }, tainted: true },
      create('high', { risk: 'high' }),
      create('irreversible', { reversible: false }),
      { tool: 'todo.delete', args: { id: todoId('Water plants') } },
    ]);
    const seen = await ada.proposals(1, 2, 3, 4, 5);
    const settled = approvePlan(await ada.load(seen), seen);
    expect(settled.executed).toEqual([stepId(1), stepId(2)]);
    expect(settled.left).toMatchObject([
      { stepId: stepId(3), code: 'asks_alone', reason: 'high risk' },
      { stepId: stepId(4), code: 'asks_alone', reason: 'cannot be undone' },
      { stepId: stepId(5), code: 'asks_alone', reason: 'it deletes' },
    ]);
    expect(approve(await ada.load(seen), seen.slice(2)).executed).toHaveLength(3);
  });
});

describe('edit', () => {
  it('edits and approves in one op group, and the effect is the edited one', async () => {
    const { device, ada } = deviceWith([create('Buy milk')]);
    const seen = await ada.proposals(1);
    const settled = editAndApprove(await ada.load(seen), seen[0] as never, {
      title: 'Buy oat milk',
      due: '2026-11-26',
    });
    expect(settled.groups).toHaveLength(1);
    expect(
      settled.groups[0]?.filter((write) => write.table === 'decisions').map((write) => write.set?.['verb']),
    ).toEqual(['edit', 'approve']);
    ada.write(settled.groups);
    expect(await device.get(todos, createdIdOf(stepId(1), 'todo'))).toMatchObject({
      title: 'Buy oat milk',
      due: '2026-11-26',
    });
    expect((await ada.proposals(1))[0]).toMatchObject({
      status: 'done',
      edited: true,
      proposedArgs: { title: 'Buy milk' },
    });
  });

  it('refuses arguments that the tool would not take, and another target', async () => {
    const { ada } = deviceWith([{ tool: 'todo.update', args: { id: todoId('Call Bo'), due: '2026-11-20' } }]);
    const seen = await ada.proposals(1);
    const settlement = await ada.load(seen);
    expect(
      editAndApprove(settlement, seen[0] as never, { id: todoId('Call Bo'), due: '2026-02-30' }).left[0]?.code,
    ).toBe('bad_args');
    expect(edit(settlement, seen[0] as never, { id: todoId('Water plants'), due: '2026-11-20' }).left[0]?.code).toBe(
      'bad_args',
    );
  });
});

describe('reject, snooze, reopen', () => {
  it('carry hash and reason, and are views until they end', async () => {
    const { ada } = deviceWith([create('a'), create('b')]);
    const [a, b] = await ada.proposals(1, 2);
    ada.write([reject(a as never, { reasonCode: 'not-now', feedback: 'not on\0 Fridays' }, ada.context)]);
    ada.write([snooze(b as never, ada.nowMs + 1000, ada.context)]);
    const [rejected, snoozed] = await ada.proposals(1, 2);
    expect(rejected).toMatchObject({
      status: 'rejected',
      reasonCode: 'not-now',
      feedback: 'not on Fridays',
      provisional: true,
    });
    expect(viewOf(snoozed as never, ada.nowMs)).toBe('snoozed');
    expect(viewOf(snoozed as never, ada.nowMs + 1000)).toBe('pending');
    ada.nowMs += 10;
    ada.write([reopen(rejected as never, ada.context)]);
    expect((await ada.proposals(1))[0]?.status).toBe('pending');
  });
});

describe('decisions made elsewhere', () => {
  it('runs what was approved and not run, and not what waits', async () => {
    const { device, ada } = deviceWith([create('a'), create('b')]);
    const [a, b] = await ada.proposals(1, 2);
    if (a === undefined || b === undefined) throw new Error('no proposals');
    device.write(
      [
        put(decisions, derivedId('d'), {
          stepId: a.stepId,
          verb: 'approve',
          argsHash: a.argsHash,
          missionId: a.missionId,
        }),
      ],
      ADA,
      1,
    );
    const seen = await ada.proposals(1, 2);
    const settled = executeApproved(await ada.load(seen), seen);
    expect(settled).toMatchObject({ executed: [a.stepId], left: [{ stepId: b.stepId, code: 'decided' }] });
    expect(settled.groups[0]?.some((write) => write.table === 'decisions')).toBe(false);
  });

  it('runs by itself only what a policy allows, without a decision, and never a tainted step', async () => {
    const { device, ada } = deviceWith([create('a'), create('b', { tainted: true })], { autonomy: 'auto' });
    device.write(
      [put(policies, derivedId('p'), { match: { tool: 'todo.create' }, decision: 'auto', mode: 'enforce' })],
      ADA,
      PLANNED_AT,
    );
    const seen = await ada.proposals(1, 2);
    const settled = executeAuto(await ada.load(seen), seen);
    expect(settled.executed).toEqual([stepId(1)]);
    expect(settled.left).toMatchObject([{ stepId: stepId(2), code: 'asks_alone' }]);
  });
});

describe('a mission that is paused', () => {
  it.each(['paused', 'draft', 'done', 'archived'] as const)(
    '(%s) runs nothing by itself, and what a person approves',
    async (state) => {
      const { device, ada } = deviceWith([create('a'), create('b')], { autonomy: 'auto', state });
      device.write(
        [put(policies, derivedId('p'), { match: { tool: 'todo.create' }, decision: 'auto', mode: 'enforce' })],
        ADA,
        PLANNED_AT,
      );
      const seen = await ada.proposals(1, 2);
      const reason = state === 'paused' ? 'its mission is paused' : 'its mission is not active';
      expect(executeAuto(await ada.load(seen), seen)).toMatchObject({
        groups: [],
        executed: [],
        left: [1, 2].map((n) => ({ stepId: stepId(n), code: 'asks_alone', reason })),
      });
      expect(approve(await ada.load(seen), seen.slice(0, 1)).executed).toEqual([stepId(1)]);
    },
  );
});

describe('staging', () => {
  it('crash in mid-staging duplicates proposals: no, staging again gives the same ones', async () => {
    const { device, ada } = deviceWith([create('a'), create('b')]);
    const changed = [...(device.records.get('steps')?.keys() ?? [])].map((id) => ({ table: 'steps', id }));
    const once = await stageChanged(device, toolByName, changed);
    const twice = await stageChanged(device, toolByName, [...changed, ...changed]);
    expect(twice).toEqual(once);
    expect(new Set(once.map((proposal) => proposal.id)).size).toBe(2);
    expect(await ada.proposals(1, 2)).toEqual(once);
  });

  it('staging marker syncs but proposals do not: there is none, every device derives the same', async () => {
    const { device } = deviceWith([create('a')]);
    const other = newDevice(DEVICE_B);
    for (const group of device.outbox) other.merge(group);
    const changed = [{ table: steps.name, id: stepId(1) }];
    expect(await stageChanged(other, toolByName, changed)).toEqual(await stageChanged(device, toolByName, changed));
  });

  it("the model's rationale dropped: no, it reaches the proposal", async () => {
    const { ada } = deviceWith([create('a', { rationale: 'because of the note' })]);
    expect((await ada.proposals(1))[0]?.rationale).toBe('because of the note');
  });

  it('a later accepted iteration of the slot lapses when its plan arrives', async () => {
    const { device } = deviceWith([create('a')]);
    const server = new MemoryServer(tables);
    server.sync(device, PLANNED_AT);
    const late = derivedId('device iteration');
    const writes = planOf([create('b')], late);
    device.write(writes, ADA, PLANNED_AT + 5);
    const staged = await stageChanged(device, toolByName, [{ table: 'iterations', id: late }]);
    expect(staged.map((proposal) => [proposal.args['title'], proposal.status]).sort()).toEqual([
      ['a', 'pending'],
      ['b', 'lapsed'],
    ]);
  });

  it('trusts a step no further than its tool: a step that calls itself harmless is what its tool says', async () => {
    const { ada } = deviceWith([{ tool: 'todo.delete', args: { id: todoId('Call Bo') }, risk: 'low' }]);
    expect((await ada.proposals(1))[0]).toMatchObject({
      risk: 'high',
      effect: 'delete',
      targetId: todoId('Call Bo'),
    });
  });
});

describe('exactly one effect per proposal', () => {
  const plan: StepInput[] = [
    create('Buy milk'),
    { tool: 'todo.update', args: { id: todoId('Call Bo'), due: '2026-11-20' } },
    { tool: 'todo.complete', args: { id: todoId('Water plants') } },
  ];

  it('executed marker local to a device: no, two devices that approve offline in any order and mix converge to one effect', async () => {
    const order = fc.shuffledSubarray([0, 1], { minLength: 2 });
    const subset = fc.subarray([1, 2, 3], { minLength: 0 });
    await fc.assert(
      fc.asyncProperty(order, subset, subset, fc.boolean(), fc.nat(5000), async (first, ofA, ofB, userEdits, skew) => {
        const server = new MemoryServer(tables);
        const devices = [newDevice(DEVICE_A), newDevice(DEVICE_B)];
        const [a, b] = devices as [(typeof devices)[0], (typeof devices)[0]];
        a.write(
          [missionWrite(), todoWrite('Water plants'), todoWrite('Call Bo', { due: '2026-11-18' })],
          ADA,
          PLANNED_AT - 1000,
        );
        a.write(planOf(plan), RUNNER_ACTOR, PLANNED_AT);
        server.sync(a, PLANNED_AT);
        server.sync(b, PLANNED_AT);
        const deciders = [new Decider(a), new Decider(b)] as const;
        deciders[1].nowMs += skew;
        for (const [index, numbers] of [ofA, ofB].entries()) {
          const decider = deciders[index] as Decider;
          const seen = await decider.proposals(...numbers);
          decider.write(approvePlan(await decider.load(seen), seen).groups);
        }
        if (userEdits) b.write([put(todos, todoId('Call Bo'), { title: 'Call Bo and Cy' })], ADA, PLANNED_AT + 90_000);
        for (const index of first) server.sync(devices[index] as never, PLANNED_AT + 100_000);
        for (const device of devices) server.sync(device, PLANNED_AT + 200_000);
        expect(a.snapshot()).toBe(server.space.snapshot());
        expect(b.snapshot()).toBe(server.space.snapshot());
        const approved = new Set([...ofA, ...ofB]);
        const ran = (await a.list(executions)).map((execution) => execution.stepId);
        expect(new Set(ran)).toEqual(new Set([...approved].map(stepId)));
        expect(ran).toHaveLength(approved.size);
        const milk = (await a.list(todos)).filter((todo) => todo.title === 'Buy milk');
        expect(milk).toHaveLength(approved.has(1) ? 1 : 0);
        expect((await a.get(todos, todoId('Call Bo')))?.title).toBe(userEdits ? 'Call Bo and Cy' : 'Call Bo');
        expect((await a.get(todos, todoId('Call Bo')))?.due).toBe(approved.has(2) ? '2026-11-20' : '2026-11-18');
        expect((await a.get(todos, todoId('Water plants')))?.done).toBe(approved.has(3));
        for (const proposal of await deciders[0].proposals(...approved)) expect(proposal.status).toBe('done');
      }),
      { numRuns: 60 },
    );
  });

  it('of two devices that executed one step the server takes one group, decision and all; the other is taken and drops its own', async () => {
    const server = new MemoryServer(tables);
    const [a, b] = [newDevice(DEVICE_A), newDevice(DEVICE_B)];
    a.write([missionWrite()], ADA, PLANNED_AT - 1000);
    a.write(planOf([create('Buy milk'), create('Buy tea')]), RUNNER_ACTOR, PLANNED_AT);
    for (const device of [a, b]) server.sync(device, PLANNED_AT);
    for (const [device, numbers] of [
      [a, [1]],
      [b, [1, 2]],
    ] as const) {
      const decider = new Decider(device);
      const seen = await decider.proposals(...numbers);
      decider.write(approvePlan(await decider.load(seen), seen).groups);
    }
    expect(server.sync(b, PLANNED_AT + 1000)).toEqual([]);
    expect(server.sync(a, PLANNED_AT + 2000)).toEqual(['taken']);
    expect((await a.list(executions)).map((execution) => execution.clientId)).toEqual([DEVICE_B, DEVICE_B]);
    expect(await a.count(decisions)).toBe(2);
    expect(a.snapshot()).toBe(b.snapshot());
  });

  it('approve on one device and reject on the other: the first accepted is shown, an executed one as contested', async () => {
    for (const rejectFirst of [true, false]) {
      const server = new MemoryServer(tables);
      const [a, b] = [newDevice(DEVICE_A), newDevice(DEVICE_B)];
      a.write([missionWrite()], ADA, PLANNED_AT - 1000);
      a.write(planOf([create('Buy milk')]), RUNNER_ACTOR, PLANNED_AT);
      server.sync(a, PLANNED_AT);
      server.sync(b, PLANNED_AT);
      const [adaA, adaB] = [new Decider(a), new Decider(b)];
      const seen = await adaA.proposals(1);
      adaA.write(approve(await adaA.load(seen), seen).groups);
      adaB.write([reject((await adaB.proposals(1))[0] as never, { reasonCode: 'wrong' }, adaB.context)]);
      for (const device of rejectFirst ? [b, a, b] : [a, b, a]) server.sync(device, PLANNED_AT + 1000);
      for (const decider of [adaA, adaB]) {
        expect((await decider.proposals(1))[0]).toMatchObject({ status: 'done', contested: rejectFirst });
      }
    }
  });
});

it('loads nothing that is not there, and says so', async () => {
  const device = newDevice(DEVICE_A);
  const ada = new Decider(device);
  const { ada: other } = deviceWith([create('x')]);
  const seen = await other.proposals(1);
  const settled = approve(await loadSettlement(device, seen, ada.context), seen);
  expect(settled.left).toMatchObject([{ code: 'lapsed' }]);
});
