import { derivedId } from '@manara/kernel/id';
import { notes } from '@manara/modules/notes/schema';
import { tableByName, tables, toolByName } from '@manara/modules/registry';
import { todos } from '@manara/modules/todo/schema';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { parseStamp } from '@manara/sync-core/stamp';
import { put } from '@manara/sync-core/write';
import { MemoryServer, type MemorySpace } from '@manara/testkit/memory-space';
import {
  ADA,
  DEVICE_A,
  DEVICE_B,
  Decider,
  ITERATION_ID,
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
import { createdIdOf, stepIdOf } from './derived-ids.ts';
import { approve } from './settlement.ts';
import { stageSteps } from './stage.ts';
import { executions } from './tables/plans.ts';
import { loadCells, undo } from './undo.ts';

const NOTE = derivedId('note');
const BO = todoId('Call Bo');
const MILK = createdIdOf(stepId(1), 'todo');

const PLAN: readonly StepInput[] = [
  { tool: 'todo.create', args: { title: 'Buy milk', due: '2026-11-21' } },
  { tool: 'todo.update', args: { id: BO, due: '2026-11-20', priority: 3 } },
  { tool: 'todo.delete', args: { id: todoId('Water plants') } },
  { tool: 'notes.append', args: { id: NOTE, text: '- call the dentist' } },
];

async function executedPlan(plan: readonly StepInput[] = PLAN, body = 'Old text') {
  const device = newDevice(DEVICE_A);
  const writes = [
    todoWrite('Water plants'),
    todoWrite('Call Bo', { due: '2026-11-18' }),
    put(notes, NOTE, { title: 'Day', body }),
  ];
  device.write([missionWrite(), ...writes], ADA, PLANNED_AT - 1000);
  device.write(planOf(plan), RUNNER_ACTOR, PLANNED_AT);
  const ada = new Decider(device);
  const seen = await ada.proposals(...plan.map((_, index) => index + 1));
  const settled = approve(await ada.load(seen), seen);
  expect(settled.left).toEqual([]);
  ada.write(settled.groups);
  ada.nowMs += 60_000;
  return { device, ada };
}

/** As the app's local copy of a space offers it. */
const local = (space: MemorySpace) => ({
  cells: (table: string, id: string) => space.cells(table, id),
  reader: space,
});

async function undoIn(decider: Decider, stepIds?: readonly string[]) {
  const all = await decider.space.list(executions);
  const chosen = all.filter((execution) => stepIds === undefined || stepIds.includes(execution.stepId));
  const undone = undo(chosen, {
    ...decider.context,
    cells: await loadCells(local(decider.space), chosen),
    tables: tableByName,
  });
  decider.write(undone.groups);
  return undone;
}

describe('undo', () => {
  it('takes back creates, edits, deletes and appends of a whole plan', async () => {
    const { device, ada } = await executedPlan();
    const { undone, kept } = await undoIn(ada);
    expect(undone).toHaveLength(4);
    expect(kept).toEqual([]);
    expect((await device.get(todos, MILK))?.deleted).toBe(true);
    expect(await device.get(todos, BO)).toMatchObject({ due: '2026-11-18', priority: 0 });
    expect((await device.get(todos, todoId('Water plants')))?.deleted).toBe(false);
    expect((await device.get(notes, NOTE))?.body).toBe('Old text');
    for (const proposal of await ada.proposals(1, 2, 3, 4)) expect(proposal.status).toBe('undone');
  });

  it('takes back one step and leaves the others', async () => {
    const { device, ada } = await executedPlan();
    expect((await undoIn(ada, [stepId(2)])).undone).toEqual([stepId(2)]);
    expect(await device.get(todos, BO)).toMatchObject({ due: '2026-11-18' });
    expect((await device.get(todos, MILK))?.deleted).toBe(false);
  });

  it('stamps with the milliseconds of the undone cell, counter + 1 and the own node', async () => {
    const { device, ada } = await executedPlan();
    const before = device.records.get('todos')?.get(BO)?.['due'];
    await undoIn(ada, [stepId(2)]);
    const after = device.records.get('todos')?.get(BO)?.['due'];
    const [was, is] = [parseStamp(before?.stamp ?? ''), parseStamp(after?.stamp ?? '')];
    expect(is).toEqual({ ms: was.ms, counter: was.counter + 1, node: DEVICE_A });
  });

  it('keeps a field that the user touched since and lists it, restoring the others', async () => {
    const { device, ada } = await executedPlan();
    device.write([put(todos, BO, { due: '2026-12-01' })], ADA, ada.nowMs - 1);
    const { undone, kept } = await undoIn(ada);
    expect(undone).toHaveLength(4);
    expect(kept).toMatchObject([{ stepId: stepId(2), table: 'todos', id: BO, field: 'due', by: ADA }]);
    expect(await device.get(todos, BO)).toMatchObject({ due: '2026-12-01', priority: 0 });
  });

  it('keeps a field that the user set to the very same value: it is theirs now', async () => {
    const { device, ada } = await executedPlan();
    device.write([put(todos, BO, { due: '2026-11-20' })], ADA, ada.nowMs - 1);
    const { kept } = await undoIn(ada, [stepId(2)]);
    expect(kept).toMatchObject([{ field: 'due', by: ADA }]);
    expect(await device.get(todos, BO)).toMatchObject({ due: '2026-11-20', priority: 0 });
  });

  it('keeps a created record that the user has changed since, whole', async () => {
    const { device, ada } = await executedPlan();
    device.write([put(todos, MILK, { title: 'Buy two litres of milk' })], ADA, ada.nowMs - 1);
    const { undone, kept } = await undoIn(ada, [stepId(1)]);
    expect(undone).toEqual([]);
    expect(kept).toMatchObject([{ stepId: stepId(1), id: MILK, field: 'title' }]);
    expect(await device.get(todos, MILK)).toMatchObject({
      title: 'Buy two litres of milk',
      due: '2026-11-21',
      deleted: false,
    });
  });

  it('deletes a created record whose fields stand as they were created, whoever wrote them last', async () => {
    const { device, ada } = await executedPlan();
    device.write([put(todos, MILK, { done: true, doneAt: 5 })], ADA, ada.nowMs - 2);
    device.write([put(todos, MILK, { done: false, doneAt: null })], ADA, ada.nowMs - 1);
    expect((await undoIn(ada, [stepId(1)])).undone).toEqual([stepId(1)]);
    expect((await device.get(todos, MILK))?.deleted).toBe(true);
  });

  it('has nothing to keep where the user put the old value back by hand', async () => {
    const { device, ada } = await executedPlan();
    device.write([put(todos, BO, { due: '2026-11-18' })], ADA, ada.nowMs - 1);
    expect(await undoIn(ada, [stepId(2)])).toMatchObject({ undone: [stepId(2)], kept: [] });
  });

  it('walks a field back through two steps that changed it', async () => {
    const plan: StepInput[] = [
      { tool: 'todo.update', args: { id: BO, due: '2026-11-20' } },
      { tool: 'todo.update', args: { id: BO, due: '2026-11-25' } },
    ];
    const { device, ada } = await executedPlan(plan);
    expect((await device.get(todos, BO))?.due).toBe('2026-11-25');
    expect((await undoIn(ada)).undone).toHaveLength(2);
    expect((await device.get(todos, BO))?.due).toBe('2026-11-18');
  });

  it('deletes a record that one step created and another changed', async () => {
    const plan: StepInput[] = [
      { tool: 'todo.create', args: { title: 'Buy milk' } },
      { tool: 'todo.update', args: { id: createdIdOf(stepId(1), 'todo'), due: '2026-11-25' }, dependsOn: [1] },
    ];
    const { device, ada } = await executedPlan(plan);
    expect(await undoIn(ada)).toMatchObject({ undone: [stepId(2), stepId(1)], kept: [] });
    expect((await device.get(todos, MILK))?.deleted).toBe(true);
  });

  it('undo of an append to a long note fits the record of its change and restores the text exactly', async () => {
    const body = `${'Zeile mit Umlauten äöü 😀\n'.repeat(15_000)}`;
    const { device, ada } = await executedPlan(
      [{ tool: 'notes.append', args: { id: NOTE, text: 'new 😀 line' } }],
      body,
    );
    const [execution] = await device.list(executions);
    expect(JSON.stringify(execution?.changes).length).toBeLessThan(500);
    await undoIn(ada);
    expect((await device.get(notes, NOTE))?.body).toBe(body);
  });

  it('an edit made elsewhere and not yet seen wins over an undo', async () => {
    const server = new MemoryServer(tables);
    const { device, ada } = await executedPlan();
    const other = newDevice(DEVICE_B);
    server.sync(device, PLANNED_AT + 100_000);
    server.sync(other, PLANNED_AT + 100_000);
    other.write([put(todos, BO, { due: '2026-12-24' })], ADA, PLANNED_AT + 110_000);
    ada.nowMs = PLANNED_AT + 999_000;
    await undoIn(ada);
    server.sync(device, ada.nowMs);
    server.sync(other, ada.nowMs);
    server.sync(device, ada.nowMs);
    for (const replica of [device, other]) {
      expect(await replica.get(todos, BO)).toMatchObject({ due: '2026-12-24', priority: 0 });
    }
    expect(device.snapshot()).toBe(other.snapshot());
  });

  it('two devices that undo the same plan offline converge to the state before it', async () => {
    const server = new MemoryServer(tables);
    const { device, ada } = await executedPlan();
    const other = newDevice(DEVICE_B);
    server.sync(device, ada.nowMs);
    server.sync(other, ada.nowMs);
    await undoIn(ada);
    await undoIn(new Decider(other));
    for (const replica of [device, other, device]) server.sync(replica, ada.nowMs + 1000);
    expect(device.snapshot()).toBe(other.snapshot());
    expect(await device.get(todos, BO)).toMatchObject({ due: '2026-11-18', priority: 0 });
    expect((await device.get(todos, MILK))?.deleted).toBe(true);
    expect((await stageSteps(other, toolByName, [stepIdOf(ITERATION_ID, 1)]))[0]?.status).toBe('undone');
  });

  it('never takes back a field that anyone but the execution wrote last', async () => {
    const edits = fc.subarray(['title', 'due', 'priority', 'note'] as const);
    await fc.assert(
      fc.asyncProperty(edits, async (fields) => {
        const { device, ada } = await executedPlan([PLAN[1] as StepInput]);
        const values = { title: 'mine', due: '2027-01-01', priority: 1, note: 'mine' } as const;
        const set = Object.fromEntries(fields.map((field) => [field, values[field]]));
        if (fields.length > 0) device.write([put(todos, BO, set)], ADA, ada.nowMs - 1);
        await undoIn(ada);
        const row = await device.get(todos, BO);
        for (const field of fields) expect(row?.[field]).toBe(values[field]);
        if (!fields.includes('due')) expect(row?.due).toBe('2026-11-18');
        if (!fields.includes('priority')) expect(row?.priority).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});

describe('undo of one execution after the other', () => {
  const MINUTE = 60_000;
  const planId = (k: number) => derivedId('iteration', k);
  const executionOf = (k: number) => stepIdOf(planId(k), 1);
  const dueTo = (day: string): StepInput => ({ tool: 'todo.update', args: { id: BO, due: day } });

  /** Plans of one step each, approved one after the other. */
  async function executedInTurn(inputs: readonly StepInput[], body = 'Old text') {
    const { device, ada } = await executedPlan([], body);
    for (const [index, input] of inputs.entries()) await execute(ada, input, index + 1);
    return { device, ada };
  }
  async function execute(ada: Decider, input: StepInput, k: number) {
    ada.nowMs += MINUTE;
    ada.space.write(planOf([input], planId(k), `slot ${k}`), RUNNER_ACTOR, ada.nowMs);
    const seen = await stageSteps(ada.space, toolByName, [executionOf(k)]);
    ada.nowMs += MINUTE;
    ada.write(approve(await ada.load(seen), seen).groups);
    ada.nowMs += MINUTE;
  }
  async function takeBack(ada: Decider, k: number) {
    ada.nowMs += MINUTE;
    return undoIn(ada, [executionOf(k)]);
  }
  const due = async (device: MemorySpace) => (await device.get(todos, BO))?.due;

  it('step-by-step undo gets stuck: no, the latest first brings back what was there before all of them', async () => {
    const { device, ada } = await executedInTurn(['2026-11-20', '2026-11-21', '2026-11-22'].map(dueTo));
    for (const [k, day] of [
      [3, '2026-11-21'],
      [2, '2026-11-20'],
      [1, '2026-11-18'],
    ] as const) {
      expect(await takeBack(ada, k)).toMatchObject({ undone: [executionOf(k)], kept: [] });
      expect(await due(device)).toBe(day);
    }
  });

  it('keeps what a later execution set; when that is undone too, the earlier one can be', async () => {
    const { device, ada } = await executedInTurn(['2026-11-20', '2026-11-21'].map(dueTo));
    expect(await takeBack(ada, 1)).toMatchObject({ undone: [], kept: [{ field: 'due' }] });
    await takeBack(ada, 2);
    expect((await takeBack(ada, 1)).undone).toEqual([executionOf(1)]);
    expect(await due(device)).toBe('2026-11-18');
  });

  it('takes appends to a long note back one by one', async () => {
    const body = 'Zeile mit Umlauten äöü 😀\n'.repeat(500);
    const append = (text: string): StepInput => ({ tool: 'notes.append', args: { id: NOTE, text } });
    const { device, ada } = await executedInTurn([append('one 😀'), append('two')], body);
    await takeBack(ada, 2);
    expect((await device.get(notes, NOTE))?.body).toBe(`${body}one 😀`);
    await takeBack(ada, 1);
    expect((await device.get(notes, NOTE))?.body).toBe(body);
  });

  it('deletes a long note that one execution created and another, undone since, added to', async () => {
    const made = createdIdOf(executionOf(1), 'note');
    const { device, ada } = await executedInTurn([
      { tool: 'notes.create', args: { title: 'Long', body: 'long '.repeat(1000) } },
      { tool: 'notes.append', args: { id: made, text: 'more' } },
    ]);
    await takeBack(ada, 2);
    expect((await takeBack(ada, 1)).undone).toEqual([executionOf(1)]);
    expect((await device.get(notes, made))?.deleted).toBe(true);
  });

  it('works across devices: one undoes the later, the other the earlier', async () => {
    const server = new MemoryServer(tables);
    const { device, ada } = await executedInTurn(['2026-11-20', '2026-11-21'].map(dueTo));
    const other = newDevice(DEVICE_B);
    const bo = new Decider(other);
    const syncAll = () => {
      for (const replica of [device, other, device]) server.sync(replica, ada.nowMs);
    };
    syncAll();
    await takeBack(ada, 2);
    syncAll();
    bo.nowMs = ada.nowMs + MINUTE;
    expect((await takeBack(bo, 1)).undone).toEqual([executionOf(1)]);
    syncAll();
    expect([await due(device), await due(other)]).toEqual(['2026-11-18', '2026-11-18']);
  });

  it.each([
    ['after the undo', async (ada: Decider) => void (await takeBack(ada, 2))],
    ['by hand, before the undo finds that nothing is left to do', async () => undefined],
  ])('keeps the very value that stood before when a person set it: %s', async (_name, first) => {
    const { device, ada } = await executedInTurn(['2026-11-20', '2026-11-21'].map(dueTo));
    await first(ada);
    ada.nowMs += MINUTE;
    device.write([put(todos, BO, { due: '2026-11-20' })], ADA, ada.nowMs);
    await takeBack(ada, 2);
    expect(await takeBack(ada, 1)).toMatchObject({ undone: [], kept: [{ field: 'due', by: ADA }] });
    expect(await due(device)).toBe('2026-11-20');
  });

  it('keeps it also when clocks that were set back give the edit the very moment of the execution', async () => {
    for (const elsewhere of [false, true]) {
      const { device, ada } = await executedInTurn(['2026-11-20', '2026-11-21'].map(dueTo));
      const other = newDevice(DEVICE_B);
      for (const group of device.outbox.splice(0)) other.merge(group);
      ada.nowMs -= 60 * MINUTE;
      for (const note of ['a', 'b', 'c']) device.write([put(todos, BO, { note })], ADA, ada.nowMs);
      await takeBack(ada, 2);
      if (elsewhere) other.write([put(todos, BO, { done: true })], ADA, ada.nowMs);
      (elsewhere ? other : device).write([put(todos, BO, { due: '2026-11-20' })], ADA, ada.nowMs);
      for (const group of other.outbox) device.merge(group);
      expect(await takeBack(ada, 1)).toMatchObject({ undone: [], kept: [{ field: 'due', by: ADA }] });
      expect(await due(device)).toBe('2026-11-20');
    }
  });

  it("never takes back a person's own edit, and all else in any order", async () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('execute' as const) }),
      fc.record({ kind: fc.constant('edit' as const), same: fc.boolean() }),
      fc.record({ kind: fc.constant('undo' as const), which: fc.nat(9) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
        const { device, ada } = await executedPlan([]);
        let [executed, edited] = [0, 0];
        /** what a person set last, until something is executed on top of it */
        let theirs: string | null | undefined;
        for (const one of acts) {
          ada.nowMs += MINUTE;
          if (one.kind === 'execute') {
            executed += 1;
            await execute(ada, dueTo(`2026-12-${10 + executed}`), executed);
            theirs = undefined;
          } else if (one.kind === 'edit') {
            edited += 1;
            // The same value again makes it theirs, as long as nothing is executed on top.
            theirs = one.same ? ((await due(device)) ?? null) : `2027-01-${10 + edited}`;
            device.write([put(todos, BO, { due: theirs })], ADA, ada.nowMs);
          } else if (executed > 0) await takeBack(ada, 1 + (one.which % executed));
          if (theirs !== undefined) expect(await due(device)).toBe(theirs);
        }
        if (edited > 0) return;
        for (let k = executed; k > 0; k -= 1) await takeBack(ada, k);
        expect(await due(device)).toBe('2026-11-18');
      }),
      { numRuns: 150 },
    );
  });
});
