import type { RowReader } from '@manara/sync-core/reader';
import { byPosition } from './position.ts';
import { type Todo, type TodoList, todoLists, todos } from './schema.ts';

/** The most rows that one view loads. */
export const TODOS_MAX = 5000;
export const DONE_MAX = 200;

/** Todos that are not done, as the person has put them. */
export async function openTodos(reader: RowReader): Promise<readonly Todo[]> {
  const rows = await reader.list(todos, { by: 'position', limit: TODOS_MAX });
  return rows.filter((todo) => !todo.done).sort(byPosition);
}

/** Todos of one list, done ones too; null is the inbox list. */
export async function todosOfList(reader: RowReader, listId: string | null): Promise<readonly Todo[]> {
  const rows =
    listId === null
      ? (await reader.list(todos, { by: 'position', limit: TODOS_MAX })).filter((todo) => todo.listId === null)
      : await reader.list(todos, { by: 'listId', equals: listId, limit: TODOS_MAX });
  return rows.sort(byPosition);
}

/** Open todos due on or before a day, the longest overdue first. */
export async function dueTodos(reader: RowReader, upTo: string): Promise<readonly Todo[]> {
  const rows = await reader.list(todos, { by: 'due', from: '0000-01-01', to: upTo, limit: TODOS_MAX });
  return rows.filter((todo) => !todo.done).sort((a, b) => (a.due ?? '').localeCompare(b.due ?? '') || byPosition(a, b));
}

/** Todos done last, the latest first. */
export async function doneTodos(reader: RowReader): Promise<readonly Todo[]> {
  const rows = await reader.list(todos, { by: 'doneAt', from: 0, reverse: true, limit: DONE_MAX });
  return rows.filter((todo) => todo.done);
}

/** What the page lists: all open todos and the latest done ones. */
export async function allTodos(reader: RowReader): Promise<readonly Todo[]> {
  const open = await openTodos(reader);
  return [...open, ...(await doneTodos(reader))];
}

/** Whether every word of the search occurs in title or note, whatever the case. */
export function matchesTodo(todo: Pick<Todo, 'title' | 'note'>, search: string): boolean {
  const text = `${todo.title}\n${todo.note}`.toLocaleLowerCase();
  return search
    .toLocaleLowerCase()
    .split(/\s+/u)
    .every((word) => text.includes(word));
}

/** Open and done todos with every word of the search, as the person has put them. */
export async function searchTodos(reader: RowReader, search: string): Promise<readonly Todo[]> {
  const rows = await reader.list(todos, { by: 'position', limit: TODOS_MAX });
  return rows.filter((todo) => matchesTodo(todo, search)).sort(byPosition);
}

export async function listsInOrder(reader: RowReader): Promise<readonly TodoList[]> {
  return (await reader.list(todoLists, { by: 'position', limit: 500 })).sort(byPosition);
}

export const todoById = (reader: RowReader, id: string): Promise<Todo | undefined> => reader.get(todos, id);
