import { text } from '@manara/shared-ai/tables/fields';
import { defineTable, field, type RowOf } from '@manara/sync-core/define-table';
import * as z from 'zod/mini';

/** The most bytes of UTF-8 JSON in a note's text. */
export const NOTE_BODY_BYTES_MAX = 512 * 1024;

export const notes = defineTable({
  name: 'notes',
  fields: {
    title: field(text, '', { text: true }),
    /** markdown */
    body: field(text, '', { text: true, maxBytes: NOTE_BODY_BYTES_MAX }),
    pinned: field(z.boolean(), false),
  },
});
export type Note = RowOf<typeof notes>;
