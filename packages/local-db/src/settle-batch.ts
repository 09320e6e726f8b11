import { rewind, tick } from '@manara/sync-core/clock';
import { mergeCells } from '@manara/sync-core/merge';
import {
  batchOps,
  type EditOnTaken,
  editsOnTaken,
  type FrozenBatch,
  frozenBatch,
  judgeReply,
  type OpVerdict,
  type OutboxEntry,
  type Refused,
  type Repair,
  restampEntry,
  takeBatch,
  touchKey,
} from '@manara/sync-core/outbox';
import { type Cell, type Cells, DELETED } from '@manara/sync-core/record';
import { withNode } from '@manara/sync-core/recovery';
import { type Stamp, stampNode } from '@manara/sync-core/stamp';
import type { Op, WireCell } from '@manara/sync-core/wire-op';
import { thawBatch } from './apply-page.ts';
import type { Database, Stores } from './database.ts';
import { noticeId, noticeOf } from './notices.ts';
import { appendEntry, entryOf, outboxRow } from './outbox-rows.ts';
import { getRecords, putRecords, type RecordAt, recordStores } from './records.ts';
import type { Replica } from './replica.ts';

export interface Answer {
  readonly seq: number;
  readonly results: readonly OpVerdict[];
  readonly restamped: Readonly<Record<Stamp, Stamp>>;
  /** ms since 1970 */
  readonly serverTime: number;
}

const QUEUE_STORES = ['$outbox', '$batch', '$refused', '$repairs', '$notices', '$state'];

/** The frozen batch, or the next one: stored before it is first sent, and never changed. */
export async function nextBatch(database: Database): Promise<{ replica: Replica; batch: FrozenBatch } | null> {
  return database.write(['$outbox', '$batch', '$state'], async (stores) => {
    const replica = await stores.replica();
    const frozen = await stores.batch.toCollection().first();
    if (frozen) return { replica, batch: frozen };
    const rows = await stores.outbox
      .orderBy('n')
      .limit(replica.atMost ?? 500)
      .toArray();
    if (rows.length === 0) return null;
    const entries = takeBatch(rows.map(entryOf));
    const batch = frozenBatch(replica.acked + 1, entries);
    await stores.batch.put(batch);
    await stores.outbox.bulkDelete(entries.map((entry) => entry.n));
    return { replica, batch };
  });
}

/**
 * Stores a reply: quarantine, repairs, rewritten stamps in records and queue, and the seq, in one transaction. A reply to
 * another batch than the frozen one changes nothing: another tab stored it first.
 */
export async function settleBatch(database: Database, client: string, answer: Answer): Promise<void> {
  await database.write([...recordStores(database), ...QUEUE_STORES], async (stores) => {
    const batch = await stores.batch.get(answer.seq);
    const replica = await stores.replica();
    if (batch === undefined || replica.clock.node !== client) return;
    const ops = batchOps(batch);
    const { refused, repairs } = judgeReply(batch, answer.results, answer.restamped);
    const edits = editsOnTaken(batch, answer.results, (await stores.outbox.orderBy('n').toArray()).map(entryOf));
    const next = await quarantine(stores, replica.next, refused);
    await addRepairs(stores, repairs);
    await keepLostTexts(stores, ops, answer.results, stores.seams.nowMs());
    await stores.batch.delete(answer.seq);
    await restamp(stores, replica.space, ops, answer.restamped);
    const accepted = greatestAccepted(replica.accepted, ops, answer);
    const again = await writeAgain(stores, { ...replica, next }, edits);
    const settled: Replica = { ...again, accepted, acked: answer.seq, atMost: null };
    const clock = (await stores.outbox.count()) > 0 ? again.clock : soundClock(settled, answer.serverTime);
    await stores.state.put({ ...settled, clock });
  });
}

/**
 * Writes a person's edits again, later than everything seen: their ground was dropped as `taken`, and the same effect by
 * another device must not take them back. What was noticed as lost of them is not.
 * @returns the replica with its clock and the place of the next entry
 */
async function writeAgain(stores: Stores, replica: Replica, edits: readonly EditOnTaken[]): Promise<Replica> {
  let { clock, next } = replica;
  for (const [key, ofRecord] of Map.groupBy(edits, touchKey)) {
    const [first] = ofRecord;
    const record = first && (await getRecords(stores, [first])).get(key);
    if (first === undefined || record === undefined) continue;
    const fresh = tick(clock, stores.seams.nowMs());
    clock = fresh.clock;
    const cells: Record<string, Cell> = Object.create(null);
    const wire: Record<string, WireCell> = Object.create(null);
    for (const { field, value, actor, stamps } of ofRecord) {
      const old = record.cells[field];
      cells[field] = { value, stamp: fresh.stamp, actor };
      wire[field] = old === undefined ? [value, fresh.stamp] : [value, fresh.stamp, old.stamp];
      await stores.notices.bulkDelete(stamps.map((stamp) => noticeId(first.table, first.id, field, stamp)));
    }
    await putRecords(stores, [{ ...record, cells: mergeCells(record.cells, cells, 'copies').cells }]);
    const { [DELETED]: deleted, ...fields } = wire;
    const { space, table, id, actor } = first;
    const op: Op = { space, table, id, fields, ...(deleted ? { deleted } : {}), actor };
    next = await appendEntry(stores, next, [op]);
  }
  return { ...replica, clock, next };
}

/** Keeps refused groups. Places below the queue (recovery) are used again and again, so those get one of their own here. */
async function quarantine(stores: Stores, next: number, refused: readonly Refused[]): Promise<number> {
  const at = stores.seams.nowMs();
  for (const group of refused) await stores.refused.put({ ...group, n: group.n > 0 ? group.n : next++, at });
  return next;
}

async function addRepairs(stores: Stores, repairs: readonly Repair[]): Promise<void> {
  for (const repair of repairs) {
    const known = await stores.repairs.get([repair.table, repair.id]);
    await stores.repairs.put({ ...repair, fields: { ...known?.fields, ...repair.fields } });
  }
}

/** A person's text that the server says did not win: the winner comes with the next pull, the text stays here. */
async function keepLostTexts(
  stores: Stores,
  ops: readonly Op[],
  results: readonly OpVerdict[],
  at: number,
): Promise<void> {
  for (const [index, op] of ops.entries()) {
    const table = stores.byName.get(op.table);
    for (const field of results[index]?.lost ?? []) {
      const cell = op.fields?.[field];
      if (op.actor.kind !== 'user' || !table?.fields[field]?.text || typeof cell?.[0] !== 'string') continue;
      if (cell[0].trim() === '') continue;
      const lost = { field, text: cell[0], stamp: cell[1], actor: op.actor, stands: 'theirs' } as const;
      await stores.notices.put(noticeOf(op.table, op.id, lost, at));
    }
  }
}

/** Rewrites stamps as the server did, in records and queue. */
async function restamp(
  stores: Stores,
  space: string,
  ops: readonly Op[],
  map: Readonly<Record<Stamp, Stamp>>,
): Promise<void> {
  if (Object.keys(map).length === 0) return;
  await rewriteStamps(stores, ops, (stamp) => map[stamp] ?? stamp);
  await askAgain(stores, space, ops);
  const keys = [...new Set(ops.map(touchKey))];
  const rows = await stores.outbox.where('keys').anyOf(keys).distinct().toArray();
  await stores.outbox.bulkPut(rows.map((row) => outboxRow(restampEntry(entryOf(row), map))));
}

function greatestAccepted(before: Stamp | null, ops: readonly Op[], { results, restamped }: Answer): Stamp | null {
  const taken = ops.filter((_, index) => results[index]?.status === 'ok').flatMap(opStamps);
  return taken.reduce<Stamp | null>((greatest, stamp) => {
    const as = restamped[stamp] ?? stamp;
    return greatest === null || as > greatest ? as : greatest;
  }, before);
}

const opStamps = (op: Op): Stamp[] =>
  [...Object.values(op.fields ?? {}), ...(op.deleted ? [op.deleted] : [])].map((cell) => cell[1]);

/** The server rewrites stamps that are further ahead of it than this. */
const AHEAD_MS_MAX = 60_000;

/**
 * A clock that was far ahead falls back, once nothing with its stamps waits, to what the server has taken or told: or all
 * that is written here from now on would be ahead too, long after the device's own clock was set right.
 */
function soundClock({ clock, accepted, seen }: Replica, serverMs: number): Replica['clock'] {
  if (clock.ms <= serverMs + AHEAD_MS_MAX) return clock;
  return rewind(
    clock,
    [accepted, seen].filter((stamp) => stamp !== null),
  );
}

/**
 * While a cell had its old stamp, a lower one that came in lost to it and will not come again; under its new stamp it may
 * have to give way. So the records are fetched once more and merged.
 */
async function askAgain(stores: Stores, space: string, keys: readonly RecordAt[]): Promise<void> {
  await addRepairs(
    stores,
    keys.map(({ table, id }) => ({ space, table, id, fields: {} })),
  );
}

async function rewriteStamps(
  stores: Stores,
  keys: readonly RecordAt[],
  rewrite: (stamp: Stamp) => Stamp,
): Promise<void> {
  const records = [...(await getRecords(stores, keys)).values()];
  await putRecords(
    stores,
    records.map((record) => ({ ...record, cells: mapStamps(record.cells, rewrite) })),
  );
}

function mapStamps(cells: Cells, rewrite: (stamp: Stamp) => Stamp): Cells {
  const next: Record<string, Cell> = Object.create(null);
  for (const [field, cell] of Object.entries(cells)) next[field] = { ...cell, stamp: rewrite(cell.stamp) };
  return next;
}

/**
 * The server refused a batch as a whole and so did not use its seq. Half of it is tried next; one group alone goes to
 * quarantine, and the rest flows on.
 */
export async function refuseBatch(database: Database, seq: number, code: string, message: string): Promise<void> {
  await database.write(QUEUE_STORES, async (stores) => {
    const batch = await stores.batch.get(seq);
    if (batch === undefined) return;
    const replica = await stores.replica();
    const [only, ...more] = batch.entries;
    if (more.length > 0 || only === undefined) {
      await thawBatch(stores);
      await stores.state.put({ ...replica, atMost: Math.ceil(batch.entries.length / 2) });
      return;
    }
    const verdicts = only.ops.map(() => ({ status: 'rejected', code, message }) as const);
    const { refused, repairs } = judgeReply(batch, verdicts);
    const next = await quarantine(stores, replica.next, refused);
    await addRepairs(stores, repairs);
    await stores.batch.delete(seq);
    await stores.state.put({ ...replica, next, atMost: null });
  });
}

/**
 * This profile was restored or cloned: another installation pushes under its client id. Takes a new id and replaces the
 * node, nothing else, in the stamps of what waits and of the same local cells.
 */
export async function renode(database: Database, seq: number): Promise<Replica> {
  return database.write([...recordStores(database), ...QUEUE_STORES], async (stores) => {
    const replica = await stores.replica();
    // another tab got the answer: nothing is wrong with this profile
    if ((await stores.batch.get(seq)) === undefined) return replica;
    const [from, to] = [replica.clock.node, stores.seams.newClientId()];
    await thawBatch(stores);
    const entries = (await stores.outbox.toArray()).map(entryOf);
    const waiting = ownStamps(entries, from);
    const rewrite = (stamp: Stamp): Stamp => (waiting.has(stamp) ? withNode(stamp, from, to) : stamp);
    const map = Object.fromEntries([...waiting].map((stamp) => [stamp, rewrite(stamp)]));
    await stores.outbox.bulkPut(entries.map((entry) => outboxRow(restampEntry(entry, map))));
    const ops = entries.flatMap((entry) => entry.ops);
    await rewriteStamps(stores, ops, rewrite);
    await askAgain(stores, replica.space, ops);
    const next: Replica = { ...replica, clock: { ...replica.clock, node: to }, acked: 0, atMost: null };
    await stores.state.put(next);
    return next;
  });
}

function ownStamps(entries: readonly OutboxEntry[], node: string): ReadonlySet<Stamp> {
  const stamps = entries.flatMap((entry) => entry.ops.flatMap(opStamps));
  return new Set(stamps.filter((stamp) => stampNode(stamp) === node));
}
