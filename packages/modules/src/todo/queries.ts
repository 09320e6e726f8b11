import type { RowReader } from '@manara/sync-core/reader';
import { byPosition } from './position.ts';
import { type Todo, type TodoList, todoLists, todos } from './schema.ts';

/** The most done todos that one view loads: they only grow in number. Of the open ones none is left out. */
export const DONE_MAX = 200;

const undated = (reader: RowReader): Promise<Todo[]> => reader.list(todos, { by: 'doneAt', equals: null });
const latestDone = (reader: RowReader): Promise<Todo[]> =>
  reader.list(todos, { by: 'doneAt', from: 0, reverse: true, limit: DONE_MAX });

/** Todos that are not done, as the person has put them. */
export async function openTodos(reader: RowReader): Promise<readonly Todo[]> {
  return (await undated(reader)).filter((todo) => !todo.done).sort(byPosition);
}

/** Todos of one list, done ones too; null is the inbox list. */
export async function todosOfList(reader: RowReader, listId: string | null): Promise<readonly Todo[]> {
  return (await reader.list(todos, { by: 'listId', equals: listId })).sort(byPosition);
}

/** Open todos due on or before a day, the longest overdue first. */
export async function dueTodos(reader: RowReader, upTo: string): Promise<readonly Todo[]> {
  // Not by the index of days: behind today lies all that was ever done.
  const due = (await openTodos(reader)).filter((todo) => todo.due !== null && todo.due <= upTo);
  return due.sort((a, b) => (a.due ?? '').localeCompare(b.due ?? '') || byPosition(a, b));
}

/** Todos done last, the latest first. */
export async function doneTodos(reader: RowReader): Promise<readonly Todo[]> {
  return (await latestDone(reader)).filter((todo) => todo.done);
}

/** How many done todos {@link doneTodos} leaves out. */
export async function olderDoneCount(reader: RowReader): Promise<number> {
  return Math.max(0, (await reader.count(todos, { by: 'doneAt', from: 0 })) - DONE_MAX);
}

/** What the page lists: all open todos and the latest done ones. */
export async function allTodos(reader: RowReader): Promise<readonly Todo[]> {
  // A row whose flag and time disagree is listed as its flag says.
  return [...(await undated(reader)).sort(byPosition), ...(await latestDone(reader))];
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
  return (await reader.list(todos)).filter((todo) => matchesTodo(todo, search)).sort(byPosition);
}

export async function listsInOrder(reader: RowReader): Promise<readonly TodoList[]> {
  return (await reader.list(todoLists, { by: 'position', limit: 500 })).sort(byPosition);
}

export const todoById = (reader: RowReader, id: string): Promise<Todo | undefined> => reader.get(todos, id);
