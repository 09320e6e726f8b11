import type { JsonObject, JsonValue } from '@manara/kernel/json';
import { type AnyRow, type RowBase, readRow, type TableDef } from '@manara/sync-core/define-table';
import type { Write } from '@manara/sync-core/write';
import type { ApplyContext, Card, CardField, FieldWords, Ghost, Tool, World } from './tool.ts';

/** A field of a row whose table is known by name only: JSON, checked when it was written. */
export const fieldOf = (row: RowBase, field: string): JsonValue => (row as AnyRow)[field] ?? null;

/** A row that nobody wrote: every field at its default. */
export const blankRow = (table: TableDef, id: string): AnyRow => readRow(table, id, {}) as AnyRow;

/** The row that a write would leave, from the row that is there or from nothing. */
export function rowAfter(table: TableDef, write: Write, before: RowBase | undefined): AnyRow {
  const base = before ?? blankRow(table, write.id);
  return { ...base, ...write.set, deleted: write.deleted ?? base.deleted };
}

/** Ghost of the target that `apply` would leave: one implementation of `preview` for every tool that writes its target. */
export function ghostOf(
  tool: Pick<Tool, 'module' | 'effect' | 'target' | 'apply'>,
  args: JsonObject,
  world: World,
  context: ApplyContext,
): Ghost {
  const { table, id } = tool.target(args);
  const write = tool
    .apply(args, world, context)
    .find((one) => one.table === table.name && (id === null || one.id === id));
  const before = id === null ? undefined : (world.get(table, id) as AnyRow | undefined);
  const row = write === undefined ? (before ?? blankRow(table, id ?? '')) : rowAfter(table, write, before);
  return {
    module: tool.module,
    table: table.name,
    effect: tool.effect,
    ...(id === null ? {} : { targetId: id }),
    row,
    changed: Object.keys(write?.set ?? {}),
  };
}

/** Card of a row with `was` where it changes; empty fields that stay empty are left out. */
export function cardOf(
  title: string,
  fields: readonly FieldWords[],
  after: RowBase,
  before: RowBase | undefined,
  world: World,
): Card {
  const lines: CardField[] = [];
  for (const { name, label, kind, words } of fields) {
    const told = kind === undefined ? { label } : { label, kind };
    const value = words(fieldOf(after, name), world);
    const was = before === undefined ? undefined : words(fieldOf(before, name), world);
    if (was !== undefined && was !== value) lines.push({ ...told, value, was });
    else if (value !== '') lines.push({ ...told, value });
  }
  return { title, fields: lines };
}
