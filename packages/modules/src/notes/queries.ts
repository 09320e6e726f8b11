import type { RowReader } from '@manara/sync-core/reader';
import { type Note, notes } from './schema.ts';

/** Pinned ones first, then the one touched last. */
export function byRecency(a: Note, b: Note): number {
  if (a.pinned !== b.pinned) return a.pinned ? -1 : 1;
  return b.touchedMs - a.touchedMs || (a.id < b.id ? -1 : 1);
}

/** Every note: which ones are the latest is in no index, and the first of a number by id would be the oldest. */
export async function allNotes(reader: RowReader): Promise<readonly Note[]> {
  return (await reader.list(notes)).sort(byRecency);
}

export const noteById = (reader: RowReader, id: string): Promise<Note | undefined> => reader.get(notes, id);

/** Whether every word of the search occurs in title or text, whatever the case. */
export function matchesNote(note: Pick<Note, 'title' | 'body'>, search: string): boolean {
  const text = `${note.title}\n${note.body}`.toLocaleLowerCase();
  return search
    .toLocaleLowerCase()
    .split(/\s+/u)
    .every((word) => text.includes(word));
}

export async function searchNotes(reader: RowReader, search: string): Promise<readonly Note[]> {
  return (await allNotes(reader)).filter((note) => matchesNote(note, search));
}

/** What a note is called: its title, else the first words of its text. */
export function noteTitle(note: Pick<Note, 'title' | 'body'>): string {
  const first = note.body.split('\n').find((line) => line.trim() !== '') ?? '';
  return (
    note.title.trim() ||
    first
      .replace(/^[#>\-*\s[\]]+/u, '')
      .slice(0, 60)
      .trim() ||
    'Untitled'
  );
}
