import type { TableDef } from '@manara/sync-core/define-table';
import type { InputSource, Rule, Tool } from './tool.ts';

/** What a module gives to the whole: its tables, tools, rules and what it offers as mission inputs. */
export interface ModuleDef {
  /** `todo`: the folder, the route and the first part of its tools' names */
  readonly name: string;
  readonly title: string;
  readonly tables: readonly TableDef[];
  readonly tools: readonly Tool[];
  readonly rules: readonly Rule[];
  readonly inputs: readonly InputSource[];
}
