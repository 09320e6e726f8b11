import type { JsonValue } from '@manara/kernel/json';
import type { Actor } from '@manara/sync-core/actor';
import { type RowOf, readRow, type TableDef } from '@manara/sync-core/define-table';
import { sameCell } from '@manara/sync-core/merge';
import { type Cell, type Cells, DELETED } from '@manara/sync-core/record';
import type { Stamp } from '@manara/sync-core/stamp';

/** What IndexedDB can order by. */
export type IndexKey = string | number | readonly (string | number)[];

/**
 * A record as it lies in its Dexie table: written values under their own names, everything else under names that no
 * field can have. Fields that this version does not know lie there like any other.
 */
export interface StoredRow {
  readonly id: string;
  /** 1: a tombstone. A number, for IndexedDB cannot index a boolean. */
  readonly $deleted: 0 | 1;
  /** the server's sequence number of the state that was last applied; 0: never seen there */
  readonly $seq: number;
  /** stamp by field; a field that nobody wrote is absent, `$deleted` included */
  readonly $stamps: Readonly<Record<string, Stamp>>;
  readonly $actors: Readonly<Record<string, Actor>>;
  /** index keys by field, defaults filled in: null, booleans and absent fields can be queried like the rest */
  readonly $k: Readonly<Record<string, IndexKey>>;
  readonly [field: string]: unknown;
}

/** Sorts before every other key. */
export const NULL_KEY = Number.NEGATIVE_INFINITY;

/** The key of a value in an index: null first, then false, true, numbers, text; other JSON by its text. */
export function indexKey(value: JsonValue | undefined): string | number {
  if (value === null || value === undefined) return NULL_KEY;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' || typeof value === 'string') return value;
  return JSON.stringify(value);
}

/** The fields that the indexes of a table use. */
export function indexedFields(table: TableDef): string[] {
  return [...new Set(table.indexes.flat())] as string[];
}

export function storedRow(table: TableDef | undefined, id: string, cells: Cells, seq: number): StoredRow {
  const values: Record<string, JsonValue> = {};
  const stamps: Record<string, Stamp> = {};
  const actors: Record<string, Actor> = {};
  for (const [field, cell] of Object.entries(cells)) {
    if (field !== DELETED) values[field] = cell.value;
    stamps[field] = cell.stamp;
    if (cell.actor) actors[field] = cell.actor;
  }
  const keys: Record<string, IndexKey> = {};
  for (const field of table ? indexedFields(table) : []) {
    const cell = cells[field];
    keys[field] = indexKey(cell ? cell.value : (table?.fields[field]?.default as JsonValue));
  }
  const deleted = cells[DELETED]?.value === true ? 1 : 0;
  return { ...values, id, $deleted: deleted, $seq: seq, $stamps: stamps, $actors: actors, $k: keys };
}

export function cellsOf(row: StoredRow): Cells {
  const cells: Record<string, Cell> = Object.create(null);
  for (const [field, stamp] of Object.entries(row.$stamps)) {
    const value = field === DELETED ? row.$deleted === 1 : (row[field] as JsonValue);
    const actor = row.$actors[field];
    cells[field] = actor ? { value, stamp, actor } : { value, stamp };
  }
  return cells;
}

export const rowOf = <T extends TableDef>(table: T, row: StoredRow): RowOf<T> => readRow(table, row.id, cellsOf(row));

/** Whether two states of a record hold the same writes. */
export function sameCells(a: Cells, b: Cells): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const [x, y] = [a[name], b[name]];
    return x !== undefined && y !== undefined && sameCell(x, y);
  });
}
