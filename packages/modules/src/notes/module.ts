import type { ModuleDef } from '@manara/shared-ai/module';
import { notesInputs } from './inputs.ts';
import { notesRules } from './rules.ts';
import { notes } from './schema.ts';
import { notesTools } from './tools.ts';

export const notesModule: ModuleDef = {
  name: 'notes',
  title: 'Notes',
  tables: [notes],
  tools: notesTools,
  rules: notesRules,
  inputs: notesInputs,
};
