import { touchKey } from '@manara/sync-core/outbox';
import type { Cells } from '@manara/sync-core/record';
import type { Stores } from './database.ts';
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
export const recordStores = (stores: Stores): string[] => [...stores.tables.map((table) => table.name), '$strays'];

/** Reads records of any table, known here or not, by `table|id`. */
export async function getRecords(stores: Stores, keys: readonly RecordAt[]): Promise<Map<string, KeptRecord>> {
  const found = new Map<string, KeptRecord>();
  const add = (table: string, row: StoredRow): void => {
    found.set(touchKey({ table, id: row.id }), { table, id: row.id, cells: cellsOf(row), seq: row.$seq });
  };
  for (const [table, ids] of idsByTable(keys)) {
    if (stores.byName.has(table)) {
      for (const row of await stores.rows(table).bulkGet(ids)) if (row) add(table, row);
    } else {
      const pairs = ids.map((id): [string, string] => [table, id]);
      for (const row of await stores.strays.bulkGet(pairs)) if (row) add(table, row);
    }
  }
  return found;
}

export async function putRecords(stores: Stores, records: readonly KeptRecord[]): Promise<void> {
  const byTable = Map.groupBy(records, (record) => record.table);
  for (const [name, ofTable] of byTable) {
    const table = stores.byName.get(name);
    const rows = ofTable.map(({ id, cells, seq }) => storedRow(table, id, cells, seq));
    if (table) await stores.rows(name).bulkPut(rows);
    else await stores.strays.bulkPut(rows.map((row) => ({ ...row, $table: name })));
  }
}

export async function removeRecord(stores: Stores, { table, id }: RecordAt): Promise<void> {
  if (stores.byName.has(table)) await stores.rows(table).delete(id);
  else await stores.strays.delete([table, id]);
}

/** Every record of the copy. For recovery, digests and adoption: nothing that a person waits for. */
export async function eachRecord(stores: Stores): Promise<KeptRecord[]> {
  const all: KeptRecord[] = [];
  for (const { name } of stores.tables) {
    for (const row of await stores.rows(name).toArray()) {
      all.push({ table: name, id: row.id, cells: cellsOf(row), seq: row.$seq });
    }
  }
  for (const row of await stores.strays.toArray()) {
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
