import type { Actor } from '@manara/sync-core/actor';
import { lostTexts, recordCells, replacedCells, type WireRecord } from '@manara/sync-core/apply';
import { observe } from '@manara/sync-core/clock';
import { type Advance, advance, type PageMark } from '@manara/sync-core/cursor';
import type { TableDef } from '@manara/sync-core/define-table';
import { mergeCells } from '@manara/sync-core/merge';
import { type OutboxEntry, touchKey } from '@manara/sync-core/outbox';
import { type Cells, greatestStamp, isDeleted } from '@manara/sync-core/record';
import { RECOVERY_REVIEW_MS, recoveryOps, surplusFields, waitingStamps } from '@manara/sync-core/recovery';
import type { Stamp } from '@manara/sync-core/stamp';
import type { Op } from '@manara/sync-core/wire-op';
import type { Database, MarkRow, Stores } from './database.ts';
import { noticeOf } from './notices.ts';
import { entryOf, outboxRow, waitingOps } from './outbox-rows.ts';
import { eachRecord, getRecords, type KeptRecord, putRecords, removeRecord } from './records.ts';
import type { CursorRow, Replica } from './replica.ts';
import { sameCells } from './row.ts';
import type { Changed, Stager } from './stager.ts';

/** Records applied in one transaction: small enough that a page never holds up a keystroke. */
const CHUNK_RECORDS = 250;

export interface Page extends PageMark {
  readonly records: readonly WireRecord[];
}

/** Cells that nobody can be named for are sent as this device's own person would have written them. */
const UNKNOWN_ACTOR: Actor = { kind: 'system', id: 'unknown', name: 'Unknown' };

const ALL_STORES = ['$outbox', '$batch', '$marks', '$strays', '$review', '$notices', '$proposals', '$state'];

/**
 * Applies one page: the same merge as everywhere, in chunks that each move the cursor with their records, so that it may
 * stop between any two.
 * @returns null, or why no right server sends this page (then nothing was applied)
 */
export async function applyPage(database: Database, stager: Stager, page: Page, epoch: string): Promise<string | null> {
  const chunks = Math.max(1, Math.ceil(page.records.length / CHUNK_RECORDS));
  for (let at = 0; at < chunks; at++) {
    const records = page.records.slice(at * CHUNK_RECORDS, (at + 1) * CHUNK_RECORDS);
    const last = at === chunks - 1;
    const part: Page = {
      head: page.head,
      horizon: page.horizon,
      reset: page.reset && at === 0,
      more: page.more || !last,
      cursor: last ? page.cursor : (records.at(-1)?.seq ?? page.cursor),
      records,
    };
    const names = [...database.tables.map((table) => table.name), ...ALL_STORES];
    const fault = await database.write(names, (stores) => applyChunk(stores, stager, part, epoch));
    if (fault !== null) return fault;
  }
  return null;
}

async function applyChunk(stores: Stores, stager: Stager, page: Page, epoch: string): Promise<string | null> {
  const replica = await stores.replica();
  const row = await stores.cursor();
  const had = row.at > 0 || replica.acked > 0;
  const advanced = advance(row, page, had && replica.epoch !== null && replica.epoch !== epoch);
  if (!advanced.ok) return advanced.error;
  const nowMs = stores.seams.nowMs();
  const step = advanced.value;
  if (step.begins !== null) await stores.marks.clear();
  const review =
    step.begins === 'recover'
      ? replica.pulledAt !== null && nowMs - replica.pulledAt > RECOVERY_REVIEW_MS
      : row.review && step.begins === null;
  // a new epoch counts batches from 1, so what was frozen for the old one waits again
  const current = replica.epoch === epoch ? replica : await enterEpoch(stores, replica, epoch);
  const mode = step.ends ?? step.cursor.mode;
  const applied = await mergeRecords(stores, page.records, mode, review, nowMs);
  let changed = applied.changed;
  if (step.ends !== null) changed = [...changed, ...(await finish(stores, current, step.ends, review))];
  changed = [...changed, ...(await dropTombstones(stores, row.horizon, page.horizon))];
  await stager.restage(stores, changed);
  const next = await stores.replica();
  await stores.state.bulkPut([
    observed(next, applied.greatest, page.more ? next.pulledAt : nowMs),
    { ...row, ...step.cursor, review: step.ends === null && review },
  ]);
  return null;
}

/** What a page's stamps do to the clock: later writes here are later than what was read. */
function observed(replica: Replica, greatest: Stamp | undefined, pulledAt: number | null): Replica {
  if (greatest === undefined) return { ...replica, pulledAt };
  const seen = replica.seen === null || greatest > replica.seen ? greatest : replica.seen;
  return { ...replica, clock: observe(replica.clock, greatest), seen, pulledAt };
}

/** Under a new epoch the seq starts anew: the frozen batch, if any, goes back to the head of the queue. */
export async function enterEpoch(stores: Stores, replica: Replica, epoch: string): Promise<Replica> {
  const next: Replica = { ...replica, epoch, acked: replica.epoch === null ? replica.acked : 0, atMost: null };
  if (replica.epoch !== null) await thawBatch(stores);
  await stores.state.put(next);
  return next;
}

/** Puts the entries of the frozen batch back into the queue; recovery entries are worked out anew where needed. */
export async function thawBatch(stores: Stores): Promise<void> {
  for (const batch of await stores.batch.toArray()) await stores.outbox.bulkPut(batch.entries.map(outboxRow));
  await stores.batch.clear();
}

interface Applied {
  readonly changed: readonly Changed[];
  readonly greatest: Stamp | undefined;
}

async function mergeRecords(
  stores: Stores,
  records: readonly WireRecord[],
  mode: CursorRow['mode'],
  review: boolean,
  nowMs: number,
): Promise<Applied> {
  const waiting = await waitingOps(stores, records.map(touchKey));
  const stored = await getRecords(stores, records);
  const puts: KeptRecord[] = [];
  const marks: MarkRow[] = [];
  let greatest: Stamp | undefined;
  for (const record of records) {
    const key = touchKey(record);
    const local = stored.get(key);
    const server = recordCells(record);
    const stamp = greatestStamp(server);
    if (stamp !== undefined && (greatest === undefined || stamp > greatest)) greatest = stamp;
    const ops = waiting.get(key) ?? [];
    if (local) await keepLostTexts(stores, record, local.cells, server, ops, nowMs);
    const surplus = mode === 'recover' && local ? surplusFields(local.cells, server) : [];
    if (mode !== 'follow') marks.push({ table: record.table, id: record.id, surplus });
    if (review && local) await offerForReview(stores, record, local.cells, surplus, ops);
    const replace = mode === 'reset' || review;
    const cells = replace ? replacedCells(server, ops) : mergeCells(local?.cells ?? {}, server, 'incoming').cells;
    // its own echo changes nothing: no query has to run again for it
    if (local && !isDeleted(cells) && sameCells(local.cells, cells)) continue;
    puts.push({ table: record.table, id: record.id, cells, seq: record.seq });
  }
  if (marks.length > 0) await stores.marks.bulkPut(marks);
  await putRecords(stores, puts);
  return { changed: puts, greatest };
}

function textFields(table: TableDef | undefined): ReadonlySet<string> {
  return new Set(Object.entries(table?.fields ?? {}).flatMap(([name, def]) => (def.text ? [name] : [])));
}

async function keepLostTexts(
  stores: Stores,
  record: { readonly table: string; readonly id: string },
  local: Cells,
  server: Cells,
  ops: readonly Op[],
  nowMs: number,
): Promise<void> {
  if (ops.length === 0) return;
  const lost = lostTexts(local, server, ops, textFields(stores.byName.get(record.table)));
  const persons = lost.filter((text) => (text.actor?.kind ?? 'user') === 'user');
  await stores.notices.bulkPut(persons.map((text) => noticeOf(record.table, record.id, text, nowMs)));
}

async function offerForReview(
  stores: Stores,
  key: { readonly table: string; readonly id: string },
  local: Cells,
  surplus: readonly string[],
  ops: readonly Op[],
): Promise<void> {
  const waiting = waitingStamps([{ n: 0, ops }]);
  const kept = surplus.filter((field) => !waiting.has(`${touchKey(key)}|${field}|${local[field]?.stamp}`));
  if (kept.length === 0) return;
  const values = Object.fromEntries(kept.map((field) => [field, local[field]?.value ?? null]));
  await stores.review.put({ id: touchKey(key), table: key.table, recordId: key.id, values });
}

/** The last page of a reset or a recovery: what the server did not send is dropped, sent, or offered for review. */
async function finish(
  stores: Stores,
  replica: Replica,
  kind: NonNullable<Advance['ends']>,
  review: boolean,
): Promise<readonly Changed[]> {
  const marks = new Map((await stores.marks.toArray()).map((mark) => [touchKey(mark), mark]));
  await stores.outbox.filter((entry) => entry.recovery === true).delete();
  const entries: OutboxEntry[] = (await stores.outbox.toArray()).map(entryOf);
  for (const batch of await stores.batch.toArray()) entries.push(...batch.entries);
  const waitingByKey = Map.groupBy(
    entries.flatMap((entry) => entry.ops),
    touchKey,
  );
  const waiting = waitingStamps(entries);
  const changed: Changed[] = [];
  const missing: Op[][] = [];
  for (const record of await eachRecord(stores)) {
    const key = touchKey(record);
    const mark = marks.get(key);
    if (kind === 'recover' && !review) {
      const fields = mark ? mark.surplus : Object.keys(record.cells);
      const ops = recoveryOps({ space: replica.space, ...record }, record.cells, fields, waiting, UNKNOWN_ACTOR);
      if (ops.length > 0) missing.push(ops);
    } else if (mark === undefined) {
      const ops = waitingByKey.get(key) ?? [];
      if (review) await offerForReview(stores, record, record.cells, Object.keys(record.cells), ops);
      const cells = replacedCells({}, ops);
      if (Object.keys(cells).length > 0) await putRecords(stores, [{ ...record, cells, seq: 0 }]);
      else await removeRecord(stores, record);
      changed.push({ table: record.table, id: record.id, removed: record.cells });
    }
  }
  // recovery goes before everything that waits, in places of its own below the queue
  const rows = missing.flat().map((op, at, all) => outboxRow({ n: at - all.length, ops: [op], recovery: true }));
  await stores.outbox.bulkPut(rows);
  await stores.marks.clear();
  return changed;
}

/** Forgets tombstones that the server has forgotten. One that a local write still waits for stays until that is settled. */
async function dropTombstones(stores: Stores, from: number, horizon: number): Promise<readonly Changed[]> {
  if (horizon <= from) return [];
  const changed: Changed[] = [];
  for (const table of stores.tables) {
    const rows = await stores
      .rows(table.name)
      .where('[$deleted+$seq]')
      .between([1, 1], [1, horizon], true, true)
      .toArray();
    const waiting = await waitingOps(
      stores,
      rows.map((row) => touchKey({ table: table.name, id: row.id })),
    );
    const gone = rows.filter((row) => !waiting.has(touchKey({ table: table.name, id: row.id })));
    await stores.rows(table.name).bulkDelete(gone.map((row) => row.id));
    for (const row of gone) changed.push({ table: table.name, id: row.id, removed: {} });
  }
  await stores.strays.filter((row) => row.$deleted === 1 && row.$seq > 0 && row.$seq <= horizon).delete();
  return changed;
}
