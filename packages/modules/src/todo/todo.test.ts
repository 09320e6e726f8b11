import { derivedId } from '@manara/kernel/id';
import { blankRow } from '@manara/shared-ai/tool-preview';
import { worldOf } from '@manara/shared-ai/world';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import type { AnyRow } from '@manara/sync-core/define-table';
import { invalidValue } from '@manara/sync-core/define-table';
import { MemorySpace } from '@manara/testkit/memory-space';
import { idSource } from '@manara/testkit/planned-space';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionContext } from '../action-context.ts';
import { tables, toolByName } from '../registry.ts';
import {
  createTodo,
  createTodoList,
  deleteTodo,
  deleteTodoList,
  editTodo,
  moveTodo,
  restoreTodo,
  restoreTodoList,
  setTodoDone,
} from './actions.ts';
import { byPosition, positionAtEnd, positionBetween } from './position.ts';
import { allTodos, doneTodos, dueTodos, listsInOrder, openTodos, searchTodos, todosOfList } from './queries.ts';
import { type Todo, type TodoList, todoLists, todos } from './schema.ts';

const context: ActionContext = { newId: idSource('todo test'), nowMs: 1_000, today: '2026-11-20' };
const NODE = 'aaaaaaaaaaaaaaaa';

function spaceWith(...titles: string[]) {
  const space = new MemorySpace(tables, NODE);
  const siblings: { position: string }[] = [];
  const ids = titles.map((title) => {
    const [write] = createTodo({ title, siblings }, context);
    siblings.push({ position: String(write?.set?.['position']) });
    space.write([write as never], RUNNER_ACTOR, 5);
    return write?.id ?? '';
  });
  return { space, ids };
}
const row = async (space: MemorySpace, id: string) => (await space.get(todos, id)) as Todo;
const titles = (rows: readonly Todo[]) => rows.map((todo) => todo.title);

describe('positions', () => {
  const anyPosition = fc.oneof(
    fc.constant(null),
    fc.string({ maxLength: 12 }),
    fc.constantFrom('a0', 'a1', 'Zz', 'a0V', '', 'zzz', '{', 'b {'),
  );
  it('lie between their neighbours whenever these are ours', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { maxLength: 40 }), (places) => {
        const keys: string[] = [];
        for (const place of places) {
          const at = place % (keys.length + 1);
          keys.splice(at, 0, positionBetween(keys[at - 1] ?? null, keys[at] ?? null));
        }
        expect([...keys].sort((a, b) => (a < b ? -1 : 1))).toEqual(keys);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
  it('are always valid and never throw, whatever another client wrote', () => {
    fc.assert(
      fc.property(anyPosition, anyPosition, (after, before) => {
        const key = positionBetween(after, before);
        expect(key).not.toBe('');
        expect(invalidValue(todos, 'position', key)).toBeNull();
        if (after !== null && (before === null || after >= before)) expect(key >= after).toBe(true);
      }),
    );
  });
  it('order by code unit and then by id', () => {
    const rows = [
      { position: 'a', id: '2' },
      { position: 'Z', id: '3' },
      { position: 'a', id: '1' },
    ];
    expect(rows.sort(byPosition).map((one) => one.id)).toEqual(['3', '1', '2']);
    expect(positionAtEnd(rows) > 'a').toBe(true);
  });
});

describe('actions', () => {
  it('create at the end, with one line of title and no bad characters', async () => {
    const { space, ids } = spaceWith('first', ' second\n line\0 ');
    expect(titles(await openTodos(space))).toEqual(['first', 'second line']);
    expect(await row(space, ids[0] ?? '')).toMatchObject({
      done: false,
      due: null,
      priority: 0,
      listId: null,
      note: '',
    });
  });

  it('edit writes only what differs from what the person saw', async () => {
    const { space, ids } = spaceWith('first');
    const seen = await row(space, ids[0] ?? '');
    expect(editTodo(seen, { title: 'first', due: null })).toEqual([]);
    expect(editTodo(seen, { title: 'first', due: '2026-11-26' })[0]?.set).toEqual({ due: '2026-11-26' });
  });

  it('done, undone, moved, deleted, restored', async () => {
    const { space, ids } = spaceWith('a', 'b', 'c');
    const [a = '', b = '', c = ''] = ids;
    const before = await row(space, a);
    space.write(setTodoDone(a, true, context), RUNNER_ACTOR, 6);
    expect(await row(space, a)).toMatchObject({ done: true, doneAt: 1000 });
    expect(titles(await doneTodos(space))).toEqual(['a']);
    expect(titles(await allTodos(space))).toEqual(['b', 'c', 'a']);
    space.write(setTodoDone(a, false, context), RUNNER_ACTOR, 7);
    expect(await row(space, a)).toMatchObject({ done: false, doneAt: null });
    space.write(moveTodo({ id: c, after: null, before: before.position }), RUNNER_ACTOR, 8);
    expect(titles(await openTodos(space))).toEqual(['c', 'a', 'b']);
    space.write(deleteTodo(b), RUNNER_ACTOR, 9);
    expect(titles(await openTodos(space))).toEqual(['c', 'a']);
    space.write(restoreTodo(b), RUNNER_ACTOR, 10);
    expect(titles(await openTodos(space))).toEqual(['c', 'a', 'b']);
  });

  it('deleting a list gives its todos back to the inbox list, and can be taken back', async () => {
    const { space } = spaceWith('a');
    const [list] = createTodoList('Trip', [], context);
    space.write([list as never, ...createTodo({ title: 'pack', listId: list?.id ?? '' }, context)], RUNNER_ACTOR, 6);
    const id = list?.id ?? '';
    const its = await todosOfList(space, id);
    expect(titles(its)).toEqual(['pack']);
    space.write(deleteTodoList(id, await openTodos(space)), RUNNER_ACTOR, 7);
    expect(await listsInOrder(space)).toEqual([]);
    expect(titles(await todosOfList(space, null)).sort()).toEqual(['a', 'pack']);
    space.write(restoreTodoList(id, its), RUNNER_ACTOR, 8);
    expect((await listsInOrder(space)).map((one: TodoList) => one.title)).toEqual(['Trip']);
    expect(titles(await todosOfList(space, id))).toEqual(['pack']);
  });
});

describe('queries', () => {
  it('due, overdue first, without done ones; search by words of title and note', async () => {
    const { space, ids } = spaceWith('Call Bo', 'Pay rent', 'Later', 'Done one');
    const set = (index: number, fields: Record<string, unknown>) =>
      space.write([{ table: 'todos', id: ids[index] ?? '', set: fields as never }], RUNNER_ACTOR, 6);
    set(0, { due: '2026-11-20', note: 'about the boat' });
    set(1, { due: '2026-11-01' });
    set(2, { due: '2026-12-01' });
    set(3, { due: '2026-11-01', done: true });
    expect(titles(await dueTodos(space, '2026-11-20'))).toEqual(['Pay rent', 'Call Bo']);
    expect(titles(await searchTodos(space, 'BOAT  call'))).toEqual(['Call Bo']);
    expect(titles(await searchTodos(space, ''))).toHaveLength(4);
  });
});

describe('tools', () => {
  const id = derivedId('t');
  const listId = derivedId('l');
  const todo = { ...blankRow(todos, id), title: 'Call Bo', due: '2026-11-18', priority: 1 } as AnyRow;
  const list = { ...blankRow(todoLists, listId), title: 'Trip' } as AnyRow;
  const worldWith = (...rows: AnyRow[]) =>
    worldOf(
      new Map([
        ['todos', new Map(rows.map((one) => [one.id, one]))],
        ['todoLists', new Map([[listId, list]])],
      ]),
      '2026-11-20',
      77,
    );
  const world = worldWith(todo);
  const tool = (name: string) =>
    toolByName.get(name) ??
    (() => {
      throw new Error(name);
    })();
  const ids = { newId: (slot: string) => derivedId('step', slot) };

  it.each([
    ['todo.create', { title: 'Buy milk', due: '2026-11-26' }, 'Create "Buy milk", due Thu 26 Nov'],
    ['todo.update', { id, due: '2026-11-20', priority: 3 }, 'Change "Call Bo": due Fri 20 Nov, priority high'],
    ['todo.update', { id, due: null, listId }, 'Change "Call Bo": no due day, to the list "Trip"'],
    ['todo.complete', { id }, 'Complete "Call Bo"'],
    ['todo.delete', { id }, 'Delete "Call Bo"'],
    ['todo.createList', { title: 'Trip' }, 'Create the list "Trip"'],
  ])('%s %j says %s', (name, args, words) => expect(tool(name).summarize(args, world)).toBe(words));

  it('a change shows only what changes, with what it was', () => {
    const args = { id, due: '2026-11-20', title: 'Call Bo' };
    expect(tool('todo.update').describe(args, world)).toEqual({
      title: 'Call Bo',
      fields: [
        { label: 'Title', value: 'Call Bo' },
        { label: 'Due', value: 'Fri 20 Nov', was: 'Wed 18 Nov' },
        { label: 'Priority', value: 'low' },
      ],
    });
    expect(tool('todo.update').preview(args, world, ids)).toMatchObject({
      targetId: id,
      changed: ['due'],
      row: { due: '2026-11-20', title: 'Call Bo' },
    });
    expect(tool('todo.update').apply(args, world, ids)[0]?.set).toEqual({ due: '2026-11-20' });
  });

  it('a create shows the row in its place, a delete the row that would go', () => {
    const ghost = tool('todo.create').preview({ title: 'Pack', listId }, world, ids);
    expect(ghost).toMatchObject({ effect: 'create', table: 'todos', row: { title: 'Pack', listId, done: false } });
    expect(ghost.targetId).toBeUndefined();
    expect(tool('todo.delete').preview({ id }, world, ids)).toMatchObject({
      targetId: id,
      row: { deleted: true, title: 'Call Bo' },
    });
  });

  it.each([
    ['todo.update', { id, due: '2026-11-18' }, 'already like that'],
    ['todo.update', { id: derivedId('gone'), due: '2026-11-18' }, 'does not exist'],
    ['todo.update', { id, listId: derivedId('gone') }, 'list does not exist'],
    ['todo.create', { title: 'x', listId: derivedId('gone') }, 'list does not exist'],
    ['todo.complete', { id: derivedId('gone') }, 'does not exist'],
  ])('the premise of %s %j is broken: %s', (name, args, words) => {
    const premise = tool(name).premise(args, world);
    expect(premise.holds ? '' : premise.reason).toContain(words);
  });

  it('a done or deleted todo breaks the premise', () => {
    expect(tool('todo.complete').premise({ id }, worldWith({ ...todo, done: true })).holds).toBe(false);
    for (const name of ['todo.complete', 'todo.delete']) {
      expect(tool(name).premise({ id }, worldWith({ ...todo, deleted: true }))).toMatchObject({
        holds: false,
        reason: '"Call Bo" was deleted',
      });
    }
  });
});
