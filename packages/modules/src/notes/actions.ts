import { cleanText, oneLine } from '@manara/shared-ai/clean-text';
import { put, remove, restore, seen, type Write } from '@manara/sync-core/write';
import type { ActionContext } from '../action-context.ts';
import { type Note, notes } from './schema.ts';

export interface NoteEdit {
  readonly title?: string;
  readonly body?: string;
  readonly pinned?: boolean;
}

export function createNote(input: NoteEdit, context: Pick<ActionContext, 'newId'>): Write[] {
  return [
    put(notes, context.newId(), {
      title: oneLine(input.title ?? ''),
      body: cleanText(input.body ?? ''),
      pinned: input.pinned ?? false,
    }),
  ];
}

/**
 * Writes only what differs from the row as the person saw it; a text that has come in since is kept with a notice. The
 * title keeps its spaces while it is typed.
 */
export function editNote(note: Pick<Note, 'id' | 'title' | 'body' | 'pinned'>, edit: NoteEdit): Write[] {
  const next: NoteEdit = {
    ...edit,
    ...(edit.title === undefined ? {} : { title: cleanText(edit.title).replace(/[\r\n]+/gu, ' ') }),
    ...(edit.body === undefined ? {} : { body: cleanText(edit.body) }),
  };
  const set = Object.fromEntries(
    Object.entries(next).filter(([name, value]) => value !== note[name as keyof NoteEdit]),
  );
  return Object.keys(set).length === 0 ? [] : [seen(put(notes, note.id, set), note, ['title', 'body'])];
}

export const setNotePinned = (id: string, pinned: boolean): Write[] => [put(notes, id, { pinned })];

export const deleteNote = (id: string): Write[] => [remove(notes, id)];
export const restoreNote = (id: string): Write[] => [restore(notes, id)];
