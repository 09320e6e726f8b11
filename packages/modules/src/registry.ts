import type { ModuleDef } from '@manara/shared-ai/module';
import { aiTables } from '@manara/shared-ai/tables/all';
import type { InputSource, Rule, Tool } from '@manara/shared-ai/tool';
import type { TableDef } from '@manara/sync-core/define-table';
import { notesModule } from './notes/module.ts';
import { todoModule } from './todo/module.ts';

/** Every module of the product, in the order of the navigation. A new one is a folder and a line here. */
export const modules: readonly ModuleDef[] = [todoModule, notesModule];

/** All synced tables: those of every space and those of the modules. */
export const tables: readonly TableDef[] = [...aiTables, ...modules.flatMap((module) => module.tables)];
export const tools: readonly Tool[] = modules.flatMap((module) => module.tools);
export const rules: readonly Rule[] = modules.flatMap((module) => module.rules);
export const inputSources: readonly InputSource[] = modules.flatMap((module) => module.inputs);

export const tableByName: ReadonlyMap<string, TableDef> = new Map(tables.map((table) => [table.name, table]));
export const toolByName: ReadonlyMap<string, Tool> = new Map(tools.map((tool) => [tool.name, tool]));
export const inputSourceByTable: ReadonlyMap<string, InputSource> = new Map(
  inputSources.map((source) => [source.table.name, source]),
);
