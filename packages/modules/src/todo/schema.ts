import { day, id, instant, text } from '@manara/shared-ai/tables/fields';
import { defineTable, field, type RowOf } from '@manara/sync-core/define-table';
import * as z from 'zod/mini';

const position = z.string().check(z.maxLength(200));

export const todoLists = defineTable({
  name: 'todoLists',
  fields: { title: field(text, '', { text: true }), position: field(position, '') },
  indexes: ['position'],
});
export type TodoList = RowOf<typeof todoLists>;

/** 0 none, 1 low, 2 medium, 3 high */
export const priority = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]);
export type Priority = z.output<typeof priority>;

export const todos = defineTable({
  name: 'todos',
  fields: {
    title: field(text, '', { text: true }),
    note: field(text, '', { text: true }),
    done: field(z.boolean(), false),
    /** milliseconds since 1970 */
    doneAt: field(z.nullable(instant), null),
    due: field(z.nullable(day), null),
    priority: field(priority, 0),
    /** null: the inbox list, which needs no record */
    listId: field(z.nullable(id), null),
    /** fractional index within all todos; equal ones are ordered by id */
    position: field(position, ''),
  },
  indexes: ['due', 'doneAt', 'listId', 'position'],
});
export type Todo = RowOf<typeof todos>;
