import { repairedCells } from '@manara/sync-core/apply';
import type { Cells } from '@manara/sync-core/record';
import type { Op } from '@manara/sync-core/wire-op';
import type { Database, Stores } from './database.ts';
import { getRecords, type KeptRecord, putRecords, recordStores, removeRecord } from './records.ts';
import type { Changed, Stager } from './stager.ts';

/** Stores a record's cells. A record with no cell left is no record. */
export async function storeRecord(stores: Stores, record: KeptRecord, before: Cells): Promise<Changed> {
  const { table, id } = record;
  if (Object.keys(record.cells).length > 0) {
    await putRecords(stores, [record]);
    return { table, id };
  }
  await removeRecord(stores, record);
  return { table, id, removed: before };
}

/**
 * Takes refused cells out of the copy before the server's are there, which would take out with them what is written anew:
 * the records are still fetched and merged later.
 */
export async function dropRefused(database: Database, stager: Stager, ops: readonly Op[]): Promise<void> {
  await database.write([...recordStores(database), '$repairs', '$proposals', '$state'], async (stores) => {
    const stored = await getRecords(stores, ops);
    const changed: Changed[] = [];
    for (const local of stored.values()) {
      const { table, id } = local;
      const repair = await stores.repairs.get([table, id]);
      if (repair === undefined || Object.keys(repair.fields).length === 0) continue;
      await stores.repairs.put({ ...repair, fields: {} });
      const cells = repairedCells(local.cells, {}, repair.fields);
      changed.push(await storeRecord(stores, { ...local, cells }, local.cells));
    }
    await stager.restage(stores, changed);
  });
}
