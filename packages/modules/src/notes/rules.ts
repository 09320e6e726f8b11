import type { Rule } from '@manara/shared-ai/tool';

export const notesRules: readonly Rule[] = [];
