import type { InputSource } from '@manara/shared-ai/tool';
import { noteFields } from './field-words.ts';
import { noteTitle } from './queries.ts';
import { type Note, notes } from './schema.ts';

export const notesInputs: readonly InputSource[] = [
  {
    table: notes,
    label: 'Note',
    title: (row) => noteTitle(row as unknown as Note),
    fields: noteFields,
    untrusted: true,
    rowsMax: 300,
    isOpen: () => true,
    render: (row) => {
      const note = row as unknown as Note;
      return `title: ${note.title}\ntext:\n${note.body}`;
    },
  },
];
