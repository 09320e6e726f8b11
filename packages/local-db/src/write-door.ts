import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import type { Actor } from '@manara/sync-core/actor';
import type { LostText } from '@manara/sync-core/apply';
import { type Clock, observe, tick } from '@manara/sync-core/clock';
import { mergeCells, wins } from '@manara/sync-core/merge';
import { groupFault } from '@manara/sync-core/outbox';
import { type Cell, type Cells, DELETED } from '@manara/sync-core/record';
import type { Op, WireCell } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';
import { type CheckedWrite, checkWrite, type WriteRefused } from './check-write.ts';
import { type Database, isQuotaFault, type Stores } from './database.ts';
import { keepUnseen, noticeOf } from './notices.ts';
import { appendEntry } from './outbox-rows.ts';
import type { Replica } from './replica.ts';
import { cellsOf, storedRow } from './row.ts';
import { type Stager, stagingStores } from './stager.ts';

/** What a local transaction does, worked out before anything is stored. */
interface Plan {
  readonly ops: readonly Op[];
  /** new cells and the server's seq by record */
  readonly records: readonly { readonly write: CheckedWrite; readonly cells: Cells; readonly seq: number }[];
  /** texts that came in while their fields were being edited, and that these writes replace */
  readonly unseen: readonly { readonly write: CheckedWrite; readonly lost: LostText }[];
  readonly clock: Clock;
}

/**
 * THE write door: records, clock, outbox and derived proposals in one Dexie transaction, all or nothing. The whole call
 * is one op group. Writes that change nothing are left out. Refuses, with nothing written, what the server would refuse
 * for its shape, what a group cannot hold, and what the device has no room for.
 */
export async function writeRecords(
  database: Database,
  stager: Stager,
  actor: Actor,
  writes: readonly Write[],
): Promise<Result<void, WriteRefused>> {
  const checked: CheckedWrite[] = [];
  for (const write of writes) {
    const result = checkWrite(database.byName, actor, write);
    if (!result.ok) return result;
    checked.push(result.value);
  }
  if (checked.length === 0) return ok(undefined);
  if (database.outdated) return err({ code: 'outdated', message: 'another tab runs a newer version: reload this one' });
  const touched = checked.map(({ table }) => table.name);
  const names = [...touched, '$outbox', '$notices', '$state', ...stagingStores(database, touched)];
  try {
    return await database.write(names, (stores) => run(stores, stager, checked));
  } catch (error) {
    if (isQuotaFault(error)) return err({ code: 'quota', message: 'this device has no room left' });
    throw error;
  }
}

async function run(
  stores: Stores,
  stager: Stager,
  writes: readonly CheckedWrite[],
): Promise<Result<void, WriteRefused>> {
  const replica = await stores.replica();
  if (replica.adopted) return err({ code: 'adopted', message: 'this data now belongs to an account: reload' });
  const stored = await readCells(stores, writes);
  const group = stores.seams.newId();
  const planned = plan(writes, stored, replica, stores.seams.nowMs(), group);
  if (!planned.ok) return planned;
  const { ops, records, unseen, clock } = planned.value;
  if (ops.length === 0) return ok(undefined);
  const fault = groupFault(ops);
  if (fault !== null) return err({ code: 'too_large', message: fault });
  for (const { write, cells, seq } of records) {
    await stores.rows(write.table.name).put(storedRow(write.table, write.id, cells, seq));
  }
  for (const { write, lost } of unseen) {
    await keepUnseen(stores.notices, noticeOf(write.table.name, write.id, lost, stores.seams.nowMs()));
  }
  const next = replica.kind === 'guest' ? replica.next : await appendEntry(stores, replica.next, ops);
  await stores.state.put({ ...replica, clock, next });
  await stager.restage(
    stores,
    records.map(({ write }) => ({ table: write.table.name, id: write.id })),
  );
  return ok(undefined);
}

type Stored = Map<string, { cells: Cells; seq: number }>;
const keyOf = (write: CheckedWrite): string => `${write.table.name}|${write.id}`;

async function readCells(stores: Stores, writes: readonly CheckedWrite[]): Promise<Stored> {
  const stored: Stored = new Map();
  for (const write of writes) {
    if (stored.has(keyOf(write))) continue;
    const row = await stores.rows(write.table.name).get(write.id);
    stored.set(keyOf(write), row ? { cells: cellsOf(row), seq: row.$seq } : { cells: {}, seq: 0 });
  }
  return stored;
}

/** Stamps every write with a reading of its own, so that an effect is later than its cause also inside a transaction. */
function plan(
  writes: readonly CheckedWrite[],
  stored: Stored,
  replica: Replica,
  nowMs: number,
  group: string,
): Result<Plan, WriteRefused> {
  let clock = replica.clock;
  const drafts: { write: CheckedWrite; cells: Record<string, WireCell> }[] = [];
  const changed = new Map<string, CheckedWrite>();
  const unseen: { write: CheckedWrite; lost: LostText }[] = [];
  for (const write of writes) {
    const record = stored.get(keyOf(write)) ?? { cells: {}, seq: 0 };
    const fresh = tick(clock, nowMs);
    const wire: Record<string, WireCell> = {};
    const cells: Record<string, Cell> = {};
    for (const [field, value] of write.values) {
      const old = record.cells[field];
      if (old !== undefined && canonicalJson(old.value) === canonicalJson(value)) continue;
      const refused = refusedChange(write, field, record.cells);
      if (refused !== null) return err(refused);
      const cell: Cell = { value, stamp: write.stamps[field] ?? fresh.stamp, actor: write.actor };
      // a given stamp (undo) may be older than what is there by now: then what is there stays
      if (!wins(old, cell, 'copies')) continue;
      const lost = unseenText(write, field, old);
      if (lost !== null) unseen.push({ write, lost });
      cells[field] = cell;
      wire[field] = old === undefined ? [value, cell.stamp] : [value, cell.stamp, old.stamp];
      clock = observe(clock, cell.stamp);
    }
    if (Object.keys(cells).length === 0) continue;
    stored.set(keyOf(write), { cells: mergeCells(record.cells, cells, 'copies').cells, seq: record.seq });
    changed.set(keyOf(write), write);
    drafts.push({ write, cells: wire });
  }
  const records = [...changed].map(([key, write]) => {
    const { cells, seq } = stored.get(key) ?? { cells: {}, seq: 0 };
    return { write, cells, seq };
  });
  return ok({ ops: toOps(drafts, replica.space, group), records, unseen, clock });
}

/** The person's text that a write replaces without its author having seen it, or null. */
function unseenText(write: CheckedWrite, field: string, old: Cell | undefined): LostText | null {
  const seen = Object.hasOwn(write.basis, field) ? write.basis[field] : undefined;
  if (seen === undefined || old === undefined || !write.table.fields[field]?.text) return null;
  const { value, stamp, actor } = old;
  if (typeof value !== 'string' || value.trim() === '' || value === seen) return null;
  return (actor?.kind ?? 'user') === 'user' ? { field, text: value, stamp, actor, stands: 'mine' } : null;
}

function refusedChange(write: CheckedWrite, field: string, stored: Cells): WriteRefused | null {
  const at = { table: write.table.name, id: write.id, field };
  if (write.table.insertOnly && Object.keys(stored).length > 0) {
    return { code: 'immutable', message: `a row of ${write.table.name} stays as it was written`, ...at };
  }
  if (write.table.writeOnce.includes(field) && stored[field] !== undefined) {
    return { code: 'taken', message: `${write.table.name}.${field} is written once`, ...at };
  }
  return null;
}

/** One op per write; writes of one record by one actor in one transaction become one op, the later value standing. */
function toOps(
  drafts: readonly { write: CheckedWrite; cells: Record<string, WireCell> }[],
  space: string,
  group: string,
): Op[] {
  const byKey = new Map<string, { write: CheckedWrite; cells: Record<string, WireCell> }>();
  for (const draft of drafts) {
    const key = `${keyOf(draft.write)}|${canonicalJson(draft.write.actor as unknown as JsonValue)}`;
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { write: draft.write, cells: { ...draft.cells } });
    else for (const [field, cell] of Object.entries(draft.cells)) known.cells[field] = later(known.cells[field], cell);
  }
  const many = byKey.size > 1;
  return [...byKey.values()].map(({ write, cells }) => {
    const { [DELETED]: deleted, ...fields } = cells;
    return {
      space,
      table: write.table.name,
      id: write.id,
      ...(many ? { group } : {}),
      ...(Object.keys(fields).length > 0 ? { fields } : {}),
      ...(deleted ? { deleted } : {}),
      actor: write.actor,
    };
  });
}

/** The later of two cells of one transaction, replacing what the first replaced. */
function later(first: WireCell | undefined, second: WireCell): WireCell {
  if (first === undefined) return second;
  return first[2] === undefined ? [second[0], second[1]] : [second[0], second[1], first[2]];
}
