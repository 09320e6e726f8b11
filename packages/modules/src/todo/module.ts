import type { ModuleDef } from '@manara/shared-ai/module';
import { todoInputs } from './inputs.ts';
import { todoRules } from './rules.ts';
import { todoLists, todos } from './schema.ts';
import { todoTools } from './tools.ts';

export const todoModule: ModuleDef = {
  name: 'todo',
  title: 'Todo',
  tables: [todoLists, todos],
  tools: todoTools,
  rules: todoRules,
  inputs: todoInputs,
};
