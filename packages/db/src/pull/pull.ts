import { isUuid } from '@manara/kernel/id';
import type { JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import { PULL_BYTES_MAX } from '@manara/protocol/limits';
import type { Tx } from '../client.ts';
import { isStorableText, recordJson } from './record-json.ts';

export interface PullQuery {
  /** last sequence number read, by space */
  readonly cursors: ReadonlyMap<string, number>;
  /** records over all spaces */
  readonly limit: number;
  /** bootstrap: these tables only */
  readonly tables?: readonly string[] | undefined;
  /** the client comes from another epoch: its cursors mean nothing */
  readonly recover: boolean;
}

/** One page; records are JSON texts. */
export interface PullPage {
  readonly spaces: ReadonlyMap<string, SpacePage>;
  /** spaces asked for that the account may not read */
  readonly removed: readonly string[];
  /** the greatest server time of the spaces, ms since 1970 */
  readonly serverTimeMs: number;
}

export interface SpacePage {
  readonly head: number;
  readonly cursor: number;
  readonly more: boolean;
  readonly reset: boolean;
  readonly horizon: number;
  readonly records: readonly string[];
}

export interface CursorAhead {
  readonly code: 'cursor_ahead';
  readonly message: string;
  readonly details: Readonly<Record<string, JsonValue>>;
}

interface Head {
  space: string;
  seq: number;
  horizon: number;
  serverTimeMs: number;
}

/**
 * One page of merged state. Heads are read first: a record that changes meanwhile leaves the page and comes with the
 * next one. In a transaction of the account.
 */
export async function pull(tx: Tx, query: PullQuery): Promise<Result<PullPage, CursorAhead>> {
  const heads = await readHeads(tx, [...query.cursors.keys()]);
  const ahead = query.recover ? undefined : heads.find((head) => (query.cursors.get(head.space) ?? 0) > head.seq);
  if (ahead !== undefined) {
    const details = { space: ahead.space, head: ahead.seq };
    return err({ code: 'cursor_ahead', message: 'the cursor is past the head', details });
  }
  const spaces = new Map<string, SpacePage>();
  const left = { records: query.limit, bytes: PULL_BYTES_MAX };
  for (const head of heads) {
    const page = await pullSpace(tx, head, query, left);
    spaces.set(head.space, page);
    left.records -= page.records.length;
    for (const record of page.records) left.bytes -= Buffer.byteLength(record) + 1;
    // A page that was cut by its bytes is full, even when a smaller record would still fit.
    if (page.more) left.records = 0;
  }
  const removed = [...query.cursors.keys()].filter((space) => !spaces.has(space));
  return ok({ spaces, removed, serverTimeMs: Math.max(0, ...heads.map((head) => head.serverTimeMs)) });
}

async function readHeads(tx: Tx, spaceIds: readonly string[]): Promise<Head[]> {
  return tx<Head[]>`
    select space_id as space, seq, horizon, server_time_ms as "serverTimeMs"
    from sync_heads where space_id = any (${spaceIds.filter(isUuid)}::uuid[])
    order by space_id`;
}

async function pullSpace(
  tx: Tx,
  head: Head,
  query: PullQuery,
  left: { readonly records: number; readonly bytes: number },
): Promise<SpacePage> {
  const { seq, horizon } = head;
  const asked = query.recover ? 0 : (query.cursors.get(head.space) ?? 0);
  if (asked >= seq) return { head: seq, cursor: seq, more: false, reset: false, horizon, records: [] };
  const notReached = { head: seq, cursor: asked, more: true, reset: false, horizon, records: [] };
  if (left.records <= 0) return notReached;
  const reset = asked > 0 && asked < horizon;
  const { records, more } = await readPage(tx, head, reset ? 0 : asked, query.tables, left);
  const last = records.at(-1);
  if (more && last === undefined) return notReached;
  const cursor = more && last !== undefined ? last.seq : seq;
  return { head: seq, cursor, more, reset, horizon, records: records.map((row) => row.json) };
}

interface PageRow {
  seq: number;
  json: string;
}

/** A guess of a record's size before any was seen; the chunks after the first go by what was seen. */
const FIRST_CHUNK = 100;

/**
 * Reads in chunks: at most what the byte limit still takes, at the size that records have had so far. Rendering a whole
 * page at once would hold gigabytes when its records are large.
 */
async function readPage(
  tx: Tx,
  head: Head,
  after: number,
  tables: readonly string[] | undefined,
  left: { readonly records: number; readonly bytes: number },
): Promise<{ readonly records: readonly PageRow[]; readonly more: boolean }> {
  const records: PageRow[] = [];
  let bytes = 0;
  let chunk = FIRST_CHUNK;
  for (;;) {
    // One more than fits, to know whether there is more.
    const wanted = Math.min(chunk, left.records - records.length + 1);
    const rows = await readChunk(tx, head, records.at(-1)?.seq ?? after, tables, wanted);
    for (const row of rows) {
      const size = Buffer.byteLength(row.json) + 1;
      // The first record of a whole page always fits.
      const isFirst = records.length === 0 && left.bytes === PULL_BYTES_MAX;
      if (records.length >= left.records || (!isFirst && bytes + size > left.bytes)) return { records, more: true };
      records.push(row);
      bytes += size;
    }
    if (rows.length < wanted) return { records, more: false };
    const average = bytes / Math.max(1, records.length);
    chunk = Math.max(1, Math.min(5000, Math.ceil((left.bytes - bytes) / Math.max(1, average))));
  }
}

async function readChunk(
  tx: Tx,
  head: Head,
  after: number,
  tables: readonly string[] | undefined,
  limit: number,
): Promise<PageRow[]> {
  const inTables = tables === undefined ? tx`` : tx`and r.table_name = any (${tables.filter(isStorableText)}::text[])`;
  return tx<PageRow[]>`
    select r.seq, ${recordJson(tx)} as json
    from records r
    where r.space_id = ${head.space} and r.seq > ${after}::bigint and r.seq <= ${head.seq}::bigint ${inTables}
    order by r.seq
    limit ${limit}`;
}
