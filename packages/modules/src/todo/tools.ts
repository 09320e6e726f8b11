import { cleanText, oneLine, quoted } from '@manara/shared-ai/clean-text';
import { defineTool } from '@manara/shared-ai/define-tool';
import { day, id } from '@manara/shared-ai/tables/fields';
import type { FormField, Premise, Tool, World } from '@manara/shared-ai/tool';
import { blankRow, cardOf, rowAfter } from '@manara/shared-ai/tool-preview';
import { put, remove, type Write } from '@manara/sync-core/write';
import * as z from 'zod/mini';
import { dueWords, PRIORITY_WORDS, todoFields } from './field-words.ts';
import { positionAtEnd } from './position.ts';
import { priority, type Todo, todoLists, todos } from './schema.ts';

const title = z.string().check(
  z.refine((text) => oneLine(text) !== '', 'a title that is not empty'),
  z.describe('short, starts with a verb'),
);
const due = z.nullable(day).check(z.describe('the day it is due, YYYY-MM-DD; null for none'));
const note = z.string().check(z.describe('details in markdown'));
const rank = priority.check(z.describe('0 none, 1 low, 2 medium, 3 high'));
const listId = z
  .nullable(id)
  .check(z.describe("a list's id from the inputs, or step:<n> of a todo.createList step; null for the inbox list"));
const todoId = id.check(z.describe("the todo's id from the inputs"));

const FORM: readonly FormField[] = [
  { name: 'title', label: 'Title', kind: 'text' },
  { name: 'due', label: 'Due', kind: 'day', optional: true },
  {
    name: 'priority',
    label: 'Priority',
    kind: 'choice',
    optional: true,
    choices: [
      { value: 0, label: 'None' },
      { value: 1, label: 'Low' },
      { value: 2, label: 'Medium' },
      { value: 3, label: 'High' },
    ],
  },
  { name: 'note', label: 'Note', kind: 'longText', optional: true },
];

const holds: Premise = { holds: true };
const broken = (reason: string): Premise => ({ holds: false, reason });

function mustExist(todoId: string, world: World): { readonly todo: Todo } | { readonly premise: Premise } {
  const todo = world.get(todos, todoId);
  if (todo === undefined) return { premise: broken('the todo does not exist on this device') };
  if (todo.deleted) return { premise: broken(`${quoted(todo.title)} was deleted`) };
  return { todo };
}

function listPremise(list: string | null | undefined, world: World): Premise {
  if (list === null || list === undefined) return holds;
  const row = world.get(todoLists, list);
  if (row === undefined) return broken('its list does not exist on this device');
  return row.deleted ? broken(`its list ${quoted(row.title)} was deleted`) : holds;
}

const nameOf = (todoId: string, world: World): string =>
  quoted(world.get(todos, todoId)?.title ?? 'a todo that is not here');

function card(target: string, writes: readonly Write[], world: World) {
  const before = world.get(todos, target);
  const write = writes.find((one) => one.id === target);
  const after = write === undefined ? (before ?? blankRow(todos, target)) : rowAfter(todos, write, before);
  return cardOf(before?.title ?? 'A todo that is not here', todoFields, after, before, world);
}

const create = defineTool({
  name: 'todo.create',
  module: 'todo',
  version: 1,
  description: 'Creates a todo.',
  input: z.object({
    title,
    note: z.optional(note),
    due: z.optional(due),
    priority: z.optional(rank),
    listId: z.optional(listId),
  }),
  effect: 'create',
  risk: 'low',
  reversible: true,
  defaultPolicy: 'propose',
  creates: { table: todos, slot: 'todo' },
  form: FORM,
  target: () => ({ table: todos, id: null }),
  refs: (args) => (args.listId ? [{ table: todoLists, id: args.listId }] : []),
  reads: [todos],
  premise: (args, world) => listPremise(args.listId, world),
  apply: (args, world, context) => [
    put(todos, context.newId('todo'), {
      title: oneLine(args.title),
      note: cleanText(args.note ?? ''),
      due: args.due ?? null,
      priority: args.priority ?? 0,
      listId: args.listId ?? null,
      position: positionAtEnd(world.list(todos)),
    }),
  ],
  summarize: (args, world) => `Create ${quoted(args.title)}${args.due ? `, due ${dueWords(args.due, world)}` : ''}`,
  describe: (args, world) =>
    cardOf(oneLine(args.title), todoFields, { ...blankRow(todos, ''), ...args }, undefined, world),
});

const updateInput = z
  .object({
    id: todoId,
    title: z.optional(title),
    note: z.optional(note),
    due: z.optional(due),
    priority: z.optional(rank),
    listId: z.optional(listId),
  })
  .check(z.refine((args) => Object.keys(args).length > 1, 'at least one field to change'));

/** Only what differs: a field that already has the value is not written, so that undo has nothing to take back there. */
function updateWrites({ id: todo, ...args }: z.output<typeof updateInput>, world: World): readonly Write[] {
  const row = world.get(todos, todo);
  const next = {
    ...args,
    ...(args.title === undefined ? {} : { title: oneLine(args.title) }),
    ...(args.note === undefined ? {} : { note: cleanText(args.note) }),
  };
  const set = Object.fromEntries(
    Object.entries(next).filter(([name, value]) => value !== undefined && value !== row?.[name as keyof typeof next]),
  );
  return Object.keys(set).length === 0 ? [] : [put(todos, todo, set)];
}

const update = defineTool({
  name: 'todo.update',
  module: 'todo',
  version: 1,
  description: 'Changes the title, note, due day, priority or list of a todo; give only the fields that change.',
  input: updateInput,
  effect: 'patch',
  risk: 'low',
  reversible: true,
  defaultPolicy: 'propose',
  form: FORM.map((field) => ({ ...field, optional: true })),
  target: (args) => ({ table: todos, id: args.id }),
  refs: (args) => [{ table: todos, id: args.id }, ...(args.listId ? [{ table: todoLists, id: args.listId }] : [])],
  premise: (args, world) => {
    const found = mustExist(args.id, world);
    if ('premise' in found) return found.premise;
    const list = listPremise(args.listId, world);
    if (!list.holds) return list;
    return updateWrites(args, world).length === 0 ? broken(`${quoted(found.todo.title)} is already like that`) : holds;
  },
  apply: updateWrites,
  summarize: (args, world) => {
    const parts: string[] = [];
    if (args.title !== undefined) parts.push(`to ${quoted(args.title)}`);
    if (args.due !== undefined) parts.push(args.due === null ? 'no due day' : `due ${dueWords(args.due, world)}`);
    if (args.priority !== undefined) parts.push(`priority ${PRIORITY_WORDS[args.priority] || 'none'}`);
    if (args.listId !== undefined)
      parts.push(
        args.listId === null
          ? 'to the inbox list'
          : `to the list ${quoted(world.get(todoLists, args.listId)?.title ?? 'New list')}`,
      );
    if (args.note !== undefined) parts.push('new note');
    return `Change ${nameOf(args.id, world)}: ${parts.join(', ')}`;
  },
  describe: (args, world) => card(args.id, updateWrites(args, world), world),
});

const only = z.object({ id: todoId });

const complete = defineTool({
  name: 'todo.complete',
  module: 'todo',
  version: 1,
  description: 'Marks a todo as done.',
  input: only,
  effect: 'patch',
  risk: 'low',
  reversible: true,
  defaultPolicy: 'propose',
  form: [],
  target: (args) => ({ table: todos, id: args.id }),
  refs: (args) => [{ table: todos, id: args.id }],
  premise: (args, world) => {
    const found = mustExist(args.id, world);
    if ('premise' in found) return found.premise;
    return found.todo.done ? broken(`${quoted(found.todo.title)} is already done`) : holds;
  },
  apply: (args, world) => [put(todos, args.id, { done: true, doneAt: world.nowMs })],
  summarize: (args, world) => `Complete ${nameOf(args.id, world)}`,
  describe: (args, world) => card(args.id, [put(todos, args.id, { done: true })], world),
});

const deleteTool = defineTool({
  name: 'todo.delete',
  module: 'todo',
  version: 1,
  description: 'Deletes a todo that is no longer wanted; use todo.complete for one that was done.',
  input: only,
  effect: 'delete',
  // It can be undone, but who approves a whole plan at once may not mean this.
  risk: 'high',
  reversible: true,
  defaultPolicy: 'propose',
  form: [],
  target: (args) => ({ table: todos, id: args.id }),
  refs: (args) => [{ table: todos, id: args.id }],
  premise: (args, world) => {
    const found = mustExist(args.id, world);
    return 'premise' in found ? found.premise : holds;
  },
  apply: (args) => [remove(todos, args.id)],
  summarize: (args, world) => `Delete ${nameOf(args.id, world)}`,
  describe: (args, world) => card(args.id, [], world),
});

const createList = defineTool({
  name: 'todo.createList',
  module: 'todo',
  version: 1,
  description: 'Creates a list that todos can be put in.',
  input: z.object({ title }),
  effect: 'create',
  risk: 'low',
  reversible: true,
  defaultPolicy: 'propose',
  creates: { table: todoLists, slot: 'list' },
  form: [{ name: 'title', label: 'Title', kind: 'text' }],
  target: () => ({ table: todoLists, id: null }),
  refs: () => [],
  reads: [todoLists],
  premise: () => holds,
  apply: (args, world, context) => [
    put(todoLists, context.newId('list'), {
      title: oneLine(args.title),
      position: positionAtEnd(world.list(todoLists)),
    }),
  ],
  summarize: (args) => `Create the list ${quoted(args.title)}`,
  describe: (args) => ({ title: oneLine(args.title), fields: [{ label: 'List', value: oneLine(args.title) }] }),
});

export const todoTools: readonly Tool[] = [create, update, complete, deleteTool, createList];
