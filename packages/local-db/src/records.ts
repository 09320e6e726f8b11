import { touchKey } from '@manara/sync-core/outbox';
import type { Cells } from '@manara/sync-core/record';
import type { Database } from './database.ts';
import { cellsOf, type StoredRow, storedRow } from './row.ts';

export interface RecordAt {
  readonly table: string;
  readonly id: string;
}

export interface KeptRecord extends RecordAt {
  readonly cells: Cells;
  readonly seq: number;
}

/** Every store that records lie in. */
export const recordStores = (database: Database): string[] => [
  ...database.tables.map((table) => table.name),
  '$strays',
];

/** Reads records of any table, known here or not, by `table|id`. */
export async function getRecords(database: Database, keys: readonly RecordAt[]): Promise<Map<string, KeptRecord>> {
  const found = new Map<string, KeptRecord>();
  const add = (table: string, row: StoredRow): void => {
    found.set(touchKey({ table, id: row.id }), { table, id: row.id, cells: cellsOf(row), seq: row.$seq });
  };
  for (const [table, ids] of idsByTable(keys)) {
    if (database.byName.has(table)) {
      for (const row of await database.rows(table).bulkGet(ids)) if (row) add(table, row);
    } else {
      const pairs = ids.map((id): [string, string] => [table, id]);
      for (const row of await database.strays.bulkGet(pairs)) if (row) add(table, row);
    }
  }
  return found;
}

export async function putRecords(database: Database, records: readonly KeptRecord[]): Promise<void> {
  const byTable = Map.groupBy(records, (record) => record.table);
  for (const [name, ofTable] of byTable) {
    const table = database.byName.get(name);
    const rows = ofTable.map(({ id, cells, seq }) => storedRow(table, id, cells, seq));
    if (table) await database.rows(name).bulkPut(rows);
    else await database.strays.bulkPut(rows.map((row) => ({ ...row, $table: name })));
  }
}

export async function removeRecord(database: Database, { table, id }: RecordAt): Promise<void> {
  if (database.byName.has(table)) await database.rows(table).delete(id);
  else await database.strays.delete([table, id]);
}

/** Every record of the copy. For recovery, digests and adoption: nothing that a person waits for. */
export async function eachRecord(database: Database): Promise<KeptRecord[]> {
  const all: KeptRecord[] = [];
  for (const { name } of database.tables) {
    for (const row of await database.rows(name).toArray()) {
      all.push({ table: name, id: row.id, cells: cellsOf(row), seq: row.$seq });
    }
  }
  for (const row of await database.strays.toArray()) {
    all.push({ table: row.$table, id: row.id, cells: cellsOf(row), seq: row.$seq });
  }
  return all;
}

function idsByTable(keys: readonly RecordAt[]): Map<string, string[]> {
  const byTable = new Map<string, string[]>();
  for (const { table, id } of keys) {
    const ids = byTable.get(table) ?? [];
    ids.push(id);
    byTable.set(table, ids);
  }
  return byTable;
}
