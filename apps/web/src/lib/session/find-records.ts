import NotebookText from '@lucide/svelte/icons/notebook-text';
import SquareCheck from '@lucide/svelte/icons/square-check-big';
import { noteTitle, searchNotes } from '@manara/modules/notes/queries';
import { searchTodos } from '@manara/modules/todo/queries';
import type { RowReader } from '@manara/sync-core/reader';
import type { Command } from '@manara/ui/shortcuts/shortcuts.svelte.ts';

const FOUND_MAX = 6;

/** Records that the command palette offers for a query of two letters or more. */
export async function findRecords(
  reader: RowReader | undefined,
  query: string,
  open: (path: string) => void,
): Promise<readonly Command[]> {
  if (reader === undefined || query.trim().length < 2) return [];
  const [todos, notes] = await Promise.all([searchTodos(reader, query.trim()), searchNotes(reader, query.trim())]);
  return [
    ...todos.slice(0, FOUND_MAX).map((todo) => ({
      id: `todo.${todo.id}`,
      label: todo.title || 'Untitled',
      group: 'Todos',
      icon: SquareCheck,
      run: () => open(`/todo?open=${todo.id}`),
    })),
    ...notes.slice(0, FOUND_MAX).map((note) => ({
      id: `note.${note.id}`,
      label: noteTitle(note),
      group: 'Notes',
      icon: NotebookText,
      run: () => open(`/notes/${note.id}`),
    })),
  ];
}
