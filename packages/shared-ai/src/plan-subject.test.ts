import { derivedId } from '@manara/kernel/id';
import { tableByName } from '@manara/modules/registry';
import { todoLists, todos } from '@manara/modules/todo/schema';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { put, type Write } from '@manara/sync-core/write';
import { ADA, Decider, PLANNED_AT, planOf, stepId, todoId, todoWrite } from '@manara/testkit/planned-space';
import { noteId, noteWrite, plannerOf, spaceOf } from '@manara/testkit/planner-fixture';
import { describe, expect, it } from 'vitest';
import { reject } from './decide.ts';
import { createdIdOf } from './derived-ids.ts';
import { approve, editAndApprove } from './settlement.ts';
import { executions } from './tables/plans.ts';
import type { PlannedStep } from './tool.ts';
import { loadCells, undo } from './undo.ts';
import { validateSteps } from './validate-steps.ts';

const DAY = 86_400_000;
const REPORT = { tool: 'todo.create', args: { title: 'Prepare weekly report', due: '2026-11-23' } } as const;
const REPORT_ID = createdIdOf(stepId(1), 'todo');
const step = (tool: string, args: PlannedStep['args'], dependsOn: readonly number[] = []): PlannedStep => ({
  tool,
  args,
  rationale: 'why',
  evidence: [],
  dependsOn,
});
type Space = ReturnType<typeof spaceOf>;

/** A week later: what another plan may suggest. */
async function suggest(of: Space, planned: readonly PlannedStep[], byModel = true, asked = false) {
  const planner = await plannerOf(of, PLANNED_AT + 6 * DAY, undefined, asked);
  const { steps, log } = validateSteps(planned, planner, derivedId('next iteration'), byModel);
  return { steps, log };
}
const report = step('todo.create', { title: 'Prepare weekly report.', due: '2026-11-30' });
const kept = async (of: Space, byModel = true) => (await suggest(of, [report], byModel)).steps.length;
const undone = async () => {
  const { space, ada } = await reported(true);
  const done = await space.list(executions);
  ada.nowMs += 1000;
  ada.write(undo(done, { ...ada.context, cells: await loadCells(space, done), tables: tableByName }).groups);
  return space;
};

/** Its creation was suggested; then what became of it. */
async function reported(approved: boolean, more: readonly Write[] = []) {
  const space = spaceOf([]);
  space.write(planOf([REPORT]), RUNNER_ACTOR, PLANNED_AT);
  const ada = new Decider(space);
  const seen = await ada.proposals(1);
  if (approved) ada.write(approve(await ada.load(seen), seen).groups);
  if (more.length > 0) space.write(more, ADA, PLANNED_AT + 2 * DAY);
  return { space, ada };
}

describe('what was edited and approved', () => {
  const edited = async (more: readonly Write[] = []) => {
    const { space, ada } = await reported(false);
    const [seen] = await ada.proposals(1);
    if (seen === undefined) throw new Error('nothing is suggested');
    ada.write(editAndApprove(await ada.load([seen]), seen, { ...seen.args, title: 'Write to the board' }).groups);
    if (more.length > 0) space.write(more, ADA, PLANNED_AT + 2 * DAY);
    return space;
  };

  it('is not suggested again as it was before', async () => {
    const space = await edited();
    expect((await space.list(todos)).map((todo) => todo.title)).toEqual(['Write to the board']);
    expect(await kept(space)).toBe(0);
    expect(await kept(space, false)).toBe(0);
  });

  it('may be by a model once it is done, never by the rules', async () => {
    const space = await edited([put(todos, REPORT_ID, { done: true, doneAt: PLANNED_AT + 2 * DAY })]);
    expect(await kept(space)).toBe(1);
    expect(await kept(space, false)).toBe(0);
  });
});

describe('a model may suggest to create again', () => {
  it.each([
    ['what was done', [put(todos, REPORT_ID, { done: true, doneAt: PLANNED_AT + 2 * DAY })]],
    ['what was deleted', [{ table: 'todos', id: REPORT_ID, deleted: true }]],
  ])('%s; the rules may not, for the line of the note still stands there', async (_name, writes) => {
    const { space } = await reported(true, writes);
    expect(await kept(space)).toBe(1);
    expect(await kept(space, false)).toBe(0);
  });

  it('what the person did on their own', async () => {
    const space = spaceOf([todoWrite('Prepare weekly report', { done: true, doneAt: 1 })]);
    expect(await kept(space)).toBe(1);
    expect(await kept(space, false)).toBe(0);
  });

  it.each([
    ['is open', async () => (await reported(true)).space, 'it exists already'],
    [
      'is open under another title',
      async () => (await reported(true, [put(todos, REPORT_ID, { title: 'The report' })])).space,
      'it exists already',
    ],
    ['is suggested', async () => (await reported(false)).space, 'it is suggested already'],
    [
      'was rejected',
      async () => {
        const { space, ada } = await reported(false);
        ada.write((await ada.proposals(1)).map((one) => reject(one, {}, ada.context)));
        return space;
      },
      'you rejected it',
    ],
    ['was undone', undone, 'you undid it'],
  ])('but not what %s', async (_name, make, reason) => {
    const { steps, log } = await suggest(await make(), [report]);
    expect(steps).toEqual([]);
    expect(log).toEqual([`Step 1 (todo.create) was left out: ${reason}.`]);
  });
});

it('suggests what was undone to who asks again, by model and by rules', async () => {
  const space = await undone();
  expect((await suggest(space, [report], true, true)).steps).toHaveLength(1);
  expect((await suggest(space, [report], false, true)).steps).toHaveLength(1);
});

describe('a step of a list that exists', () => {
  const planned = [
    step('todo.createList', { title: 'groceries' }),
    step('todo.create', { title: 'Eggs', listId: 'step:1' }),
    step('todo.create', { title: 'Bread', listId: 'step:1' }, [1]),
  ];
  const listId = derivedId('list');
  const list = put(todoLists, listId, { title: 'Groceries', position: 'a0' });

  it('is one of the list that is there, and needs no step', async () => {
    const { steps, log } = await suggest(spaceOf([list]), planned);
    expect(log).toEqual(['Step 1 (todo.createList) was left out: it exists already.']);
    expect(steps.map(({ n, args, dependsOn, validity }) => [n, args['listId'], dependsOn, validity.state])).toEqual([
      [2, listId, [], 'ok'],
      [3, listId, [], 'ok'],
    ]);
  });

  it('also when its creation was a step of an earlier plan, or was rejected', async () => {
    const space = spaceOf([]);
    space.write(planOf([{ tool: 'todo.createList', args: { title: 'Groceries' } }]), RUNNER_ACTOR, PLANNED_AT);
    const ada = new Decider(space);
    const seen = await ada.proposals(1);
    const waiting = await suggest(space, planned);
    expect(waiting.steps.map(({ validity }) => validity.state)).toEqual(['quarantined', 'quarantined']);
    ada.write(approve(await ada.load(seen), seen).groups);
    const made = createdIdOf(stepId(1), 'list');
    expect((await suggest(space, planned)).steps.map(({ args }) => args['listId'])).toEqual([made, made]);

    const other = spaceOf([]);
    other.write(planOf([{ tool: 'todo.createList', args: { title: 'Groceries' } }]), RUNNER_ACTOR, PLANNED_AT);
    const bo = new Decider(other);
    bo.write((await bo.proposals(1)).map((one) => reject(one, {}, bo.context)));
    other.write([list], ADA, PLANNED_AT + DAY);
    expect((await suggest(other, planned)).steps.map(({ args }) => args['listId'])).toEqual([listId, listId]);
  });
});

describe('what a step is about', () => {
  const X = todoId('x');

  it('are the fields that it sets: a rejected day says nothing of the priority', async () => {
    const space = spaceOf([todoWrite('x')]);
    space.write(planOf([{ tool: 'todo.update', args: { id: X, due: '2026-11-26' } }]), RUNNER_ACTOR, PLANNED_AT);
    const ada = new Decider(space);
    ada.write((await ada.proposals(1)).map((one) => reject(one, {}, ada.context)));
    const planned = [
      step('todo.update', { id: X, due: '2026-11-27' }),
      step('todo.update', { id: X, priority: 3 }),
      step('todo.update', { id: X, priority: 2 }),
    ];
    const { steps, log } = await suggest(space, planned);
    expect(steps.map(({ args }) => args)).toEqual([{ id: X, priority: 3 }]);
    expect(log).toEqual([
      'Step 1 (todo.update) was left out: you rejected it.',
      'Step 3 (todo.update) was left out: the plan says it already.',
    ]);
  });

  it('is each text that it adds to a note', async () => {
    const id = noteId('Shop');
    const space = spaceOf([noteWrite('Shop', 'milk')]);
    const append = (text: string) => step('notes.append', { id, text });
    space.write(planOf([{ tool: 'notes.append', args: { id, text: '- butter' } }]), RUNNER_ACTOR, PLANNED_AT);
    const all = [append('- eggs'), append('- bread'), append('- butter'), append('- eggs')];
    const { steps, log } = await suggest(space, all);
    expect(steps.map(({ args }) => args['text'])).toEqual(['- eggs', '- bread']);
    expect(log).toEqual([
      'Step 3 (notes.append) was left out: it is suggested already.',
      'Step 4 (notes.append) was left out: the plan says it already.',
    ]);
    const ada = new Decider(space);
    ada.write((await ada.proposals(1)).map((one) => reject(one, {}, ada.context)));
    expect((await suggest(space, all)).steps.map(({ args }) => args['text'])).toEqual(['- eggs', '- bread']);
  });
});
