import type { InputSource } from '@manara/shared-ai/tool';
import type { AnyRow } from '@manara/sync-core/define-table';
import { todoFields } from './field-words.ts';
import { type Todo, type TodoList, todoLists, todos } from './schema.ts';

const PRIORITIES = ['none', 'low', 'medium', 'high'] as const;

function renderTodo(row: AnyRow): string {
  const todo = row as unknown as Todo;
  const facts = [
    `title: ${todo.title}`,
    `state: ${todo.done ? 'done' : 'open'}`,
    `due: ${todo.due ?? 'none'}`,
    ...(todo.priority === 0 ? [] : [`priority: ${PRIORITIES[todo.priority]}`]),
    ...(todo.listId === null ? [] : [`listId: ${todo.listId}`]),
    ...(todo.note === '' ? [] : [`note: ${todo.note}`]),
  ];
  return facts.join('\n');
}

export const todoInputs: readonly InputSource[] = [
  {
    table: todos,
    label: 'Todo',
    title: (row) => (row as unknown as Todo).title || 'Untitled',
    fields: todoFields,
    render: renderTodo,
    untrusted: false,
    rowsMax: 2000,
    isOpen: (row) => !(row as unknown as Todo).done,
  },
  {
    table: todoLists,
    label: 'List',
    title: (row) => (row as unknown as TodoList).title || 'Untitled',
    fields: [{ name: 'title', label: 'Title', words: (value) => String(value ?? '') }],
    render: (row) => `title: ${(row as unknown as TodoList).title}`,
    untrusted: false,
    rowsMax: 200,
    isOpen: () => true,
    members: (row, world) =>
      world
        .list(todos)
        .flatMap((todo) => (todo.listId === row.id && !todo.done ? [{ table: todos, id: todo.id }] : [])),
  },
];
