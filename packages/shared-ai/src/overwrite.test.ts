import { derivedId } from '@manara/kernel/id';
import { notes } from '@manara/modules/notes/schema';
import { type Todo, todos } from '@manara/modules/todo/schema';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import type { AnyRow } from '@manara/sync-core/define-table';
import { put } from '@manara/sync-core/write';
import {
  ADA,
  DEVICE_A,
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
import { noteId } from '@manara/testkit/planner-fixture';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { basisOf } from './basis.ts';
import { approve, approvePlan, executeAuto, leftByPlan } from './settlement.ts';
import { policies } from './tables/plans.ts';

const BO = todoId('Call Bo');
const NOTE = noteId('Shopping');
const FIELDS = ['title', 'due', 'priority'] as const;
const update = (args: object): StepInput => ({ tool: 'todo.update', args: { id: BO, ...args } });

/** A plan over one todo and one note, and what the planner read of both. */
async function planned(steps: readonly StepInput[], mission: Parameters<typeof missionWrite>[0] = {}) {
  const device = newDevice(DEVICE_A);
  const note = put(notes, NOTE, { title: 'Shopping', body: 'Milk' });
  device.write([missionWrite(mission), todoWrite('Call Bo', { due: '2026-11-18' }), note], ADA, PLANNED_AT - 1000);
  const [todo, written] = [await device.get(todos, BO), await device.get(notes, NOTE)] as unknown as AnyRow[];
  const basis = [...basisOf('todos', todo as AnyRow, FIELDS), ...basisOf('notes', written as AnyRow, ['body'])];
  device.write(planOf(steps.map((step) => ({ basis, ...step }))), RUNNER_ACTOR, PLANNED_AT);
  const edit = (set: Partial<Todo>) => device.write([put(todos, BO, set)], ADA, PLANNED_AT + 1);
  return { device, ada: new Decider(device), edit };
}

it('approve-all leaves a step that would overwrite a newer edit, and says which', async () => {
  const { ada, edit } = await planned([update({ due: '2026-11-20' }), update({ priority: 3 })]);
  edit({ due: '2026-11-25' });
  const seen = await ada.proposals(1, 2);
  const settlement = await ada.load(seen);
  const settled = approvePlan(settlement, seen);
  expect(settled.executed).toEqual([stepId(2)]);
  expect(settled.left).toEqual([
    { stepId: stepId(1), code: 'asks_alone', reason: 'its due day changed since it was planned' },
  ]);
  // Who has seen the banner approves it all the same.
  expect(approve(settlement, seen.slice(0, 1)).executed).toEqual([stepId(1)]);
});

it.each([
  ['another field of the record', { title: 'Call Bo and Cy' }],
  ['the field, to what it already was', { due: '2026-11-18' }],
] as [string, Partial<Todo>][])('approve-all covers a step after an edit of %s', async (_what, set) => {
  const { ada, edit } = await planned([update({ due: '2026-11-20' })]);
  edit(set);
  const seen = await ada.proposals(1);
  expect(approvePlan(await ada.load(seen), seen).executed).toEqual([stepId(1)]);
});

it('an addition to a text that was edited overwrites nothing; a whole new text does', async () => {
  const { device, ada } = await planned([
    { tool: 'notes.append', args: { id: NOTE, text: 'Jam' } },
    { tool: 'notes.update', args: { id: NOTE, body: 'Milk\nEggs\nBread' } },
  ]);
  // Lines that the person took out would be back with the whole text.
  device.write([put(notes, NOTE, { body: 'Milk\nEggs' })], ADA, PLANNED_AT + 1);
  const seen = await ada.proposals(1, 2);
  const settled = approvePlan(await ada.load(seen), seen);
  expect(settled.executed).toEqual([stepId(1)]);
  expect(settled.left).toMatchObject([{ stepId: stepId(2), reason: 'its text changed since it was planned' }]);
});

it('the steps of a plan do not stand in the way of each other', async () => {
  const append = (text: string): StepInput => ({ tool: 'notes.append', args: { id: NOTE, text } });
  const { ada } = await planned([append('Jam'), append('Tea'), update({ due: '2026-11-20' })]);
  const seen = await ada.proposals(1, 2, 3);
  expect(approvePlan(await ada.load(seen), seen)).toMatchObject({ executed: [1, 2, 3].map(stepId), left: [] });
});

it('leaves what needs a step that is left', async () => {
  const { ada, edit } = await planned([
    update({ due: '2026-11-20' }),
    { tool: 'todo.create', args: { title: 'Then this' }, dependsOn: [1] },
  ]);
  edit({ due: '2026-11-25' });
  const seen = await ada.proposals(1, 2);
  const settlement = await ada.load(seen);
  expect([...leftByPlan(settlement, seen).values()]).toMatchObject([{ code: 'asks_alone' }, { code: 'depends' }]);
  expect(approvePlan(settlement, seen).groups).toEqual([]);
});

it('runs nothing by itself over a newer edit', async () => {
  const { device, ada, edit } = await planned([update({ due: '2026-11-20' })], { autonomy: 'auto' });
  const allow = put(policies, derivedId('p'), { match: { tool: 'todo.update' }, decision: 'auto', mode: 'enforce' });
  device.write([allow], ADA, PLANNED_AT);
  const seen = await ada.proposals(1);
  expect(executeAuto(await ada.load(seen), seen).executed).toEqual([stepId(1)]);
  edit({ due: '2026-11-25' });
  expect(executeAuto(await ada.load(seen), seen)).toMatchObject({
    executed: [],
    left: [{ code: 'asks_alone', reason: 'its due day changed since it was planned' }],
  });
});

it('what the button counts is what approve-all does, and it never writes over a newer value', async () => {
  const values = { title: fc.constantFrom('Call Bo', 'Call Cy', 'Write to Bo'), priority: fc.constantFrom(0, 1, 2) };
  const fields = fc.record({ ...values, due: fc.constantFrom('2026-11-18', '2026-11-20', null) }, { requiredKeys: [] });
  const suggested = fields.filter((args) => Object.keys(args).length > 0);
  const all = fc.array(fc.tuple(suggested, fc.subarray([1, 2])), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(all, fields, async (suggestions, edited) => {
      const steps = suggestions.map(([args, needs], index) => ({
        ...update(args),
        dependsOn: needs.filter((n) => n <= index),
      }));
      const { device, ada, edit } = await planned(steps);
      const before = (await device.get(todos, BO)) as unknown as AnyRow;
      edit(edited as Partial<Todo>);
      const after = (await device.get(todos, BO)) as unknown as AnyRow;
      const changed = FIELDS.filter((field) => before[field] !== after[field]);
      const seen = await ada.proposals(...steps.map((_, index) => index + 1));
      const settlement = await ada.load(seen);
      const left = leftByPlan(settlement, seen);
      const settled = approvePlan(settlement, seen);
      for (const write of settled.groups.flat().filter(({ table }) => table === todos.name)) {
        for (const field of changed) expect(write.set ?? {}).not.toHaveProperty(field);
      }
      // A step that an earlier one has made pointless is found only when that one has run.
      const pointless = settled.left.filter(({ stepId: id }) => !left.has(id));
      const counted = seen.map((one) => one.stepId).filter((id) => !left.has(id));
      expect([...settled.executed, ...pointless.map((one) => one.stepId)].sort()).toEqual(counted.sort());
      for (const { code } of pointless) expect(['stale', 'depends']).toContain(code);
    }),
    { numRuns: 100 },
  );
});
