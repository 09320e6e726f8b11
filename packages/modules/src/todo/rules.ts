import type { Rule } from '@manara/shared-ai/tool';

export const todoRules: readonly Rule[] = [];
