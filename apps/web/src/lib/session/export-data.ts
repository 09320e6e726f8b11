import { tables } from '@manara/modules/registry';
import type { AnyRow } from '@manara/sync-core/define-table';
import type { RowReader } from '@manara/sync-core/reader';

/** Everything that this device holds, deleted rows included, as one JSON text. */
export async function exportJson(reader: RowReader, space: string, exportedAt: string): Promise<string> {
  const records: Record<string, readonly AnyRow[]> = {};
  for (const table of tables) {
    records[table.name] = (await reader.list(table, { withDeleted: true })) as unknown as readonly AnyRow[];
  }
  return JSON.stringify({ format: 'manara-export', version: 1, space, exportedAt, records }, null, 2);
}

/** How many records a person would say are there: rows that they or a mission made, without bookkeeping. */
export async function countRecords(reader: RowReader): Promise<number> {
  const counted = tables.filter(({ name }) => ['todos', 'notes', 'missions', 'messages'].includes(name));
  const counts = await Promise.all(counted.map((table) => reader.count(table)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Hands a text to the browser as a file to save. */
export function downloadText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the data by the next task.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
