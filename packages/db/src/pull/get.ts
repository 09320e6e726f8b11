import { isUuid } from '@manara/kernel/id';
import { PULL_BYTES_MAX } from '@manara/protocol/limits';
import type { Tx } from '../client.ts';
import { isStorableText, recordJson } from './record-json.ts';

export interface GetQuery {
  readonly spaceId: string;
  readonly table: string;
  readonly ids: readonly string[];
}

export interface Got {
  readonly head: number;
  /** JSON texts, seq rising; of the first page when all are more than one */
  readonly records: readonly string[];
  /** ids of the records of each further page, for {@link getPage} */
  readonly later: readonly (readonly string[])[];
}

/** So few are read without asking for their sizes first. */
const UNSIZED_MAX = 8;

/**
 * Records by id, with the space's head. An id that is in none of the pages has no record. Null when the transaction's
 * account may not read the space.
 */
export async function getRecords(tx: Tx, query: GetQuery): Promise<Got | null> {
  if (!isUuid(query.spaceId)) return null;
  // The head first: what is told is at least as new as it.
  const [head] = await tx<{ seq: number }[]>`select seq from sync_heads where space_id = ${query.spaceId}`;
  if (head === undefined) return null;
  if (!isStorableText(query.table)) return { head: head.seq, records: [], later: [] };
  const [first = [], ...later] = query.ids.length <= UNSIZED_MAX ? [query.ids] : await pagesOf(tx, query);
  return { head: head.seq, records: await getPage(tx, { ...query, ids: first }), later };
}

/** Those of these records that the transaction's account may read, as JSON texts. */
export async function getPage(tx: Tx, { spaceId, table, ids }: GetQuery): Promise<string[]> {
  const rows = await tx<{ json: string }[]>`
    select ${recordJson(tx)} as json
    from records r
    where r.space_id = ${spaceId} and r.table_name = ${table} and r.id = any (${[...ids]}::uuid[])
    order by r.seq`;
  return rows.map((row) => row.json);
}

/**
 * Pages as large as those of a pull: 500 records may be 300 MB. Their sizes cost the database as much as the records do,
 * but it keeps one at a time.
 */
async function pagesOf(tx: Tx, { spaceId, table, ids }: GetQuery): Promise<string[][]> {
  const rows = await tx<{ id: string; bytes: number }[]>`
    select id, octet_length(fields::text) + octet_length(actors::text) as bytes
    from records
    where space_id = ${spaceId} and table_name = ${table} and id = any (${[...ids]}::uuid[])
    order by seq`;
  const pages: string[][] = [];
  let left = 0;
  for (const { id, bytes } of rows) {
    if (bytes > left) {
      pages.push([]);
      left = PULL_BYTES_MAX;
    }
    pages.at(-1)?.push(id);
    left -= bytes;
  }
  return pages;
}
