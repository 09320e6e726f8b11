import { cleanText, oneLine } from '@manara/shared-ai/clean-text';
import { put, remove, restore, seen, type Write } from '@manara/sync-core/write';
import type { ActionContext } from '../action-context.ts';
import { positionAtEnd, positionBetween } from './position.ts';
import { type Priority, type Todo, type TodoList, todoLists, todos } from './schema.ts';

export interface NewTodo {
  readonly title: string;
  readonly note?: string;
  readonly due?: string | null;
  readonly priority?: Priority;
  readonly listId?: string | null;
  /** the todos that are there, so that the new one comes last; only their positions count */
  readonly siblings?: readonly { readonly position: string }[];
}

export function createTodo(input: NewTodo, context: ActionContext): Write[] {
  return [
    put(todos, context.newId(), {
      title: oneLine(input.title),
      note: cleanText(input.note ?? ''),
      due: input.due ?? null,
      priority: input.priority ?? 0,
      listId: input.listId ?? null,
      position: positionAtEnd(input.siblings ?? []),
    }),
  ];
}

/** Fields of a todo that a person edits; absent ones stay. */
export interface TodoEdit {
  readonly title?: string;
  readonly note?: string;
  readonly due?: string | null;
  readonly priority?: Priority;
  readonly listId?: string | null;
}

/**
 * Writes only what differs from the row as the person saw it, so that fields they left alone never win a merge; a text
 * that has come in since is kept with a notice.
 */
export function editTodo(todo: Todo, edit: TodoEdit): Write[] {
  const next: TodoEdit = {
    ...edit,
    ...(edit.title === undefined ? {} : { title: oneLine(edit.title) }),
    ...(edit.note === undefined ? {} : { note: cleanText(edit.note) }),
  };
  const set = Object.fromEntries(
    Object.entries(next).filter(([name, value]) => value !== todo[name as keyof TodoEdit]),
  );
  return Object.keys(set).length === 0 ? [] : [seen(put(todos, todo.id, set), todo, ['title', 'note'])];
}

export function setTodoDone(id: string, done: boolean, context: Pick<ActionContext, 'nowMs'>): Write[] {
  return [put(todos, id, { done, doneAt: done ? context.nowMs : null })];
}

export interface TodoMove {
  readonly id: string;
  /** the position above where it lands, null at the top */
  readonly after: string | null;
  /** the position below, null at the bottom */
  readonly before: string | null;
}

export const moveTodo = ({ id, after, before }: TodoMove): Write[] => [
  put(todos, id, { position: positionBetween(after, before) }),
];

export const deleteTodo = (id: string): Write[] => [remove(todos, id)];
export const restoreTodo = (id: string): Write[] => [restore(todos, id)];

export function createTodoList(title: string, siblings: readonly TodoList[], context: ActionContext): Write[] {
  return [put(todoLists, context.newId(), { title: oneLine(title), position: positionAtEnd(siblings) })];
}

export const renameTodoList = (id: string, title: string): Write[] => [put(todoLists, id, { title: oneLine(title) })];

/** Deletes a list; its todos go back to the inbox list, none is lost. */
export function deleteTodoList(id: string, itsTodos: readonly Todo[]): Write[] {
  return [
    remove(todoLists, id),
    ...itsTodos.filter((todo) => todo.listId === id).map((todo) => put(todos, todo.id, { listId: null })),
  ];
}

/** Takes back {@link deleteTodoList}. */
export function restoreTodoList(id: string, itsTodos: readonly Todo[]): Write[] {
  return [restore(todoLists, id), ...itsTodos.map((todo) => put(todos, todo.id, { listId: id }))];
}
