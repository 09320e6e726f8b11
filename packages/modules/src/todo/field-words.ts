import { dayInWords } from '@manara/shared-ai/calendar-day';
import type { FieldWords, World } from '@manara/shared-ai/tool';
import { todoLists } from './schema.ts';

export const PRIORITY_WORDS = ['', 'low', 'medium', 'high'] as const;

export const dueWords = (value: unknown, world: World): string =>
  typeof value === 'string' ? dayInWords(value, world.today) : '';

export const todoFields: readonly FieldWords[] = [
  { name: 'title', label: 'Title', words: (value) => String(value ?? '') },
  { name: 'due', label: 'Due', words: dueWords },
  { name: 'priority', label: 'Priority', words: (value) => PRIORITY_WORDS[Number(value)] ?? '' },
  {
    name: 'listId',
    label: 'List',
    words: (value, world) => (typeof value === 'string' ? (world.get(todoLists, value)?.title ?? 'a new list') : ''),
  },
  { name: 'done', label: 'Done', kind: 'flag', words: (value) => (value === true ? 'yes' : '') },
  { name: 'note', label: 'Note', kind: 'text', words: (value) => String(value ?? '') },
];
