import { type AnyRow, type RowOf, readRow, type TableDef } from '@manara/sync-core/define-table';
import type { RowReader } from '@manara/sync-core/reader';
import type { Write } from '@manara/sync-core/write';
import type { World } from './tool.ts';

/** The most rows of one table that a world holds. */
const WORLD_ROWS_MAX = 5000;

/** Rows by id by table name. */
export type RowsByTable = ReadonlyMap<string, ReadonlyMap<string, AnyRow>>;

/** A world of rows that are at hand. Rows marked deleted are found by `get` and left out of `list`. */
export function worldOf(rows: RowsByTable, today: string, nowMs: number): World {
  return {
    today,
    nowMs,
    get: <T extends TableDef>(table: T, id: string) => rows.get(table.name)?.get(id) as RowOf<T> | undefined,
    list: <T extends TableDef>(table: T) => {
      const all = [...(rows.get(table.name)?.values() ?? [])];
      return all.filter((row) => !row.deleted) as unknown as readonly RowOf<T>[];
    },
  };
}

/** What a world is loaded from. */
interface WorldNeeds {
  /** tables to load whole, up to {@link WORLD_ROWS_MAX} rows */
  readonly tables: Iterable<TableDef>;
  readonly refs: Iterable<{ readonly table: TableDef; readonly id: string }>;
  readonly today: string;
  readonly nowMs: number;
}

/** Loads what pure code asks for, once, so that it can be asked synchronously. */
export async function loadWorld(reader: RowReader, needs: WorldNeeds): Promise<World> {
  const rows = new Map<string, Map<string, AnyRow>>();
  const at = (name: string): Map<string, AnyRow> => {
    const found = rows.get(name) ?? new Map<string, AnyRow>();
    rows.set(name, found);
    return found;
  };
  for (const table of new Set(needs.tables)) {
    const listed = (await reader.list(table, { limit: WORLD_ROWS_MAX })) as unknown as AnyRow[];
    for (const row of listed) at(table.name).set(row.id, row);
  }
  for (const { table, id } of needs.refs) {
    if (at(table.name).has(id)) continue;
    const row = (await reader.get(table, id)) as AnyRow | undefined;
    if (row !== undefined) at(table.name).set(id, row);
  }
  return worldOf(rows, needs.today, needs.nowMs);
}

/** The world as it is after some writes: a later step of a plan sees what an earlier one did. */
export function afterWrites(world: World, writes: readonly Write[], tables: ReadonlyMap<string, TableDef>): World {
  const changed = new Map<string, Map<string, AnyRow>>();
  for (const write of writes) {
    const table = tables.get(write.table);
    if (table === undefined) continue;
    const ofTable = changed.get(write.table) ?? new Map<string, AnyRow>();
    changed.set(write.table, ofTable);
    const before = ofTable.get(write.id) ?? world.get(table, write.id) ?? readRow(table, write.id, {});
    ofTable.set(write.id, {
      ...(before as AnyRow),
      ...write.set,
      deleted: write.deleted ?? before.deleted,
      touchedMs: world.nowMs,
    });
  }
  return {
    today: world.today,
    nowMs: world.nowMs,
    get: <T extends TableDef>(table: T, id: string) =>
      (changed.get(table.name)?.get(id) as RowOf<T> | undefined) ?? world.get(table, id),
    list: <T extends TableDef>(table: T) => {
      const over = changed.get(table.name);
      if (over === undefined) return world.list(table);
      const kept = (world.list(table) as readonly RowOf<T>[]).filter((row) => !over.has((row as AnyRow).id));
      return [...kept, ...([...over.values()].filter((row) => !row.deleted) as unknown as RowOf<T>[])];
    },
  };
}
