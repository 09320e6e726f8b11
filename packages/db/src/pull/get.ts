import { isUuid } from '@manara/kernel/id';
import type { Tx } from '../client.ts';
import { isStorableText, recordJson } from './record-json.ts';

/** Records by id, as JSON texts, with the space's head. Null when the transaction's account may not read the space. */
export async function getRecords(
  tx: Tx,
  query: { readonly spaceId: string; readonly table: string; readonly ids: readonly string[] },
): Promise<{ readonly head: number; readonly records: readonly string[] } | null> {
  if (!isUuid(query.spaceId)) return null;
  // The head first: what is told is at least as new as it.
  const [head] = await tx<{ seq: number }[]>`select seq from sync_heads where space_id = ${query.spaceId}`;
  if (head === undefined) return null;
  if (!isStorableText(query.table)) return { head: head.seq, records: [] };
  const rows = await tx<{ json: string }[]>`
    select ${recordJson(tx)} as json
    from records r
    where r.space_id = ${query.spaceId} and r.table_name = ${query.table} and r.id = any (${[...query.ids]}::uuid[])
    order by r.seq`;
  return { head: head.seq, records: rows.map((row) => row.json) };
}
