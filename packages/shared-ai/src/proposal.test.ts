import { derivedId } from '@manara/kernel/id';
import { toolByName } from '@manara/modules/registry';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { put } from '@manara/sync-core/write';
import {
  ADA,
  missionWrite,
  newDevice,
  PLANNED_AT,
  planOf,
  type StepInput,
  todoId,
} from '@manara/testkit/planned-space';
import { noteId } from '@manara/testkit/planner-fixture';
import { expect, it } from 'vitest';
import { stepIdOf } from './derived-ids.ts';
import { supersededIds } from './proposal.ts';
import { stageSteps } from './stage.ts';
import { iterations } from './tables/plans.ts';

const X = todoId('x');
const NOTE = noteId('n');
const set = (args: object): StepInput => ({ tool: 'todo.update', args: { id: X, ...args } });
const create = (args: StepInput['args']): StepInput => ({ tool: 'todo.create', args });
const append = (text: string): StepInput => ({ tool: 'notes.append', args: { id: NOTE, text } });

/** Plans of one step each, one after the other; the numbers of those that a later one stands for. */
async function superseded(...plans: readonly StepInput[]): Promise<readonly number[]> {
  const device = newDevice('aaaaaaaaaaaaaaaa');
  device.write([missionWrite()], ADA, PLANNED_AT);
  const iterationIds = plans.map((_, index) => derivedId('iteration', index));
  for (const [index, plan] of plans.entries()) {
    const id = iterationIds[index] ?? '';
    device.write(planOf([plan], id, `slot ${index}`), RUNNER_ACTOR, PLANNED_AT + index);
    device.write([put(iterations, id, { finishedAt: PLANNED_AT + index })], RUNNER_ACTOR, PLANNED_AT + index);
  }
  const all = await stageSteps(
    device,
    toolByName,
    iterationIds.map((id) => stepIdOf(id, 1)),
  );
  const found = supersededIds(all);
  return all.flatMap((proposal, index) => (found.has(proposal.id) ? [index + 1] : []));
}

it.each([
  ['the same field of a record', [set({ due: '2026-11-26' }), set({ due: '2026-11-27' })], [1]],
  ['other fields of it', [set({ priority: 3 }), set({ due: '2026-11-27' })], []],
  ['the field and more', [set({ due: '2026-11-26' }), set({ due: '2026-11-27', priority: 3 })], [1]],
  ['not all of its fields', [set({ due: '2026-11-26', priority: 3 }), set({ due: '2026-11-27' })], []],
  [
    'all of its fields, in two plans',
    [set({ due: '2026-11-26', priority: 3 }), set({ due: '2026-11-27' }), set({ priority: 2 })],
    [1],
  ],
  ['another tool', [set({ due: '2026-11-26' }), { tool: 'todo.complete', args: { id: X } }], []],
  ['another text for a note', [append('- eggs'), append('- bread')], []],
  ['the same text for a note', [append('- eggs'), append('- eggs')], [1]],
  ['a create of that title', [create({ title: 'Buy milk' }), create({ title: 'buy  milk.', due: '2026-11-27' })], [1]],
  ['a create of another title', [create({ title: 'Buy milk' }), create({ title: 'Buy bread' })], []],
] as [string, readonly StepInput[], readonly number[]][])(
  'a later plan that suggests %s: %#',
  async (_name, plans, expected) => expect(await superseded(...plans)).toEqual(expected),
);
