import type { FieldWords } from '@manara/shared-ai/tool';

export const noteFields: readonly FieldWords[] = [
  { name: 'title', label: 'Title', words: (value) => String(value ?? '') },
  { name: 'pinned', label: 'Pinned', kind: 'flag', words: (value) => (value === true ? 'yes' : '') },
  { name: 'body', label: 'Text', kind: 'text', words: (value) => String(value ?? '') },
];
