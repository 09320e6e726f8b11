import type { Suggestion } from '@manara/local-db/svelte/suggestions';
import { matchesNote } from '../queries.ts';
import type { Note } from '../schema.ts';

/** One line of the list: a note, or a ghost in its place. */
export type NoteEntry =
  | { readonly kind: 'note'; readonly key: string; readonly note: Note }
  | { readonly kind: 'ghost'; readonly key: string; readonly suggestion: Suggestion };

/** New notes that are suggested come first; a change stands below its note, a delete in place of it. */
export function noteEntries(
  notes: readonly Note[],
  suggestions: readonly Suggestion[],
  search: string,
): readonly NoteEntry[] {
  const ghosts = suggestions.filter(({ ghost }) => ghost.table === 'notes');
  const asEntry = (suggestion: Suggestion): NoteEntry => ({ kind: 'ghost', key: suggestion.stepId, suggestion });
  const creates = ghosts.filter(
    ({ ghost }) => ghost.targetId === undefined && matchesNote(ghost.row as unknown as Note, search),
  );
  const entries: NoteEntry[] = creates.map(asEntry);
  for (const note of notes) {
    if (!matchesNote(note, search)) continue;
    const own = ghosts.filter(({ ghost }) => ghost.targetId === note.id);
    if (!own.some(({ ghost }) => ghost.effect === 'delete')) entries.push({ kind: 'note', key: note.id, note });
    entries.push(...own.map(asEntry));
  }
  return entries;
}

/** A link or a picture, also one whose address is cut off at the end: its words are the first group. */
const LINK = /!?\[([^[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+"[^"]*")?(?:\)|$)/g;

/** The first words of the body without its marks, for the second line of a row. */
export function excerpt(body: string): string {
  const text = body
    .slice(0, 400)
    .replace(/^\s*(?:#{1,6}|>|[-*+]|\d+[.)])\s+/gm, '')
    .replace(/\[[ xX]\]\s/g, '')
    .replace(LINK, '$1')
    .replace(/[*_`~]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > 80 ? `${text.slice(0, 80).trimEnd()}…` : text;
}
