import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonValue } from '@manara/kernel/json';
import { DELETED } from './record.ts';
import type { Stamp } from './stamp.ts';
import { utf8Bytes } from './value-limits.ts';
import type { Op, WireCell } from './wire-op.ts';

/**
 * The queue of changes that the server has not acknowledged, as pure functions over entries. One entry is one op
 * group: one local transaction.
 *
 * Invariants, each a property test of the same name in outbox.test.ts:
 * - O1 nothing lost: every cell appended is, at any time, queued, frozen, acknowledged, quarantined, dropped as taken, or
 *   replaced by a later one of the same field
 * - O2 coalescing keeps the last value, and the earliest replaced stamp
 * - O3 a batch never changes once frozen
 * - O4 groups are never split over batches
 */

/** The most ops of a batch, and so of a group. */
export const PUSH_OPS_MAX = 500;
/** The most bytes of a push request. */
export const PUSH_BYTES_MAX = 1_048_576;
/** Kept free in a request for what surrounds the ops: protocol, client, epoch, seq. */
const ENVELOPE_BYTES = 512;
export const GROUP_BYTES_MAX = PUSH_BYTES_MAX - ENVELOPE_BYTES;
/**
 * What groups are put together up to. A batch is never changed once frozen, and the server waits half a minute for a
 * body: this much gets through at 40 kbit/s. A larger group goes alone.
 */
export const BATCH_BYTES = 131_072;

/** One op group that waits. Its ops carry the group's id when there is more than one. */
export interface OutboxEntry {
  /** place in the queue: rises, never reused */
  readonly n: number;
  readonly ops: readonly Op[];
  /** cells that a restored server lacks; they go first, in batches of their own */
  readonly recovery?: true | undefined;
}

/** What was stored before it was first sent; kept, with its entries, until it is answered. */
export interface FrozenBatch {
  readonly seq: number;
  readonly entries: readonly OutboxEntry[];
  readonly recovery?: true | undefined;
}

export interface OutboxState {
  readonly entries: readonly OutboxEntry[];
  readonly frozen: FrozenBatch | null;
  /** the last seq that was answered in this epoch; 0: none */
  readonly acked: number;
  /** the next entry's place */
  readonly next: number;
}

export const EMPTY_OUTBOX: OutboxState = { entries: [], frozen: null, acked: 0, next: 1 };

/** `table|id`: what the queue is searched by. A client's outbox may hold several spaces; ids do not repeat over them. */
export const touchKey = (op: { readonly table: string; readonly id: string }): string => `${op.table}|${op.id}`;

export const entryKeys = (entry: OutboxEntry): string[] => [...new Set(entry.ops.map(touchKey))];

/** Bytes that ops take inside a request. */
export const opsBytes = (ops: readonly Op[]): number => utf8Bytes(JSON.stringify(ops));

/** Why a local transaction cannot be one group, or null. */
export function groupFault(ops: readonly Op[]): string | null {
  if (ops.length > PUSH_OPS_MAX) return `${ops.length} changes in one transaction; at most ${PUSH_OPS_MAX} fit`;
  const bytes = opsBytes(ops);
  return bytes > GROUP_BYTES_MAX ? `${bytes} bytes in one transaction; at most ${GROUP_BYTES_MAX} fit` : null;
}

const sameJson = (a: unknown, b: unknown): boolean => canonicalJson(a as JsonValue) === canonicalJson(b as JsonValue);

function laterCell(old: WireCell | undefined, next: WireCell): WireCell {
  if (old === undefined) return next;
  if (old[1] >= next[1]) return old;
  // what the server still holds is what the first of the two replaced
  return old[2] === undefined ? [next[0], next[1]] : [next[0], next[1], old[2]];
}

/**
 * Puts a new entry into the last unsent one that touches its record, if that loses nothing: both are one op of one
 * record by one actor. Null otherwise. A larger group is a promise of atomicity and stays as it was written.
 */
export function coalesce(last: OutboxEntry, next: OutboxEntry): OutboxEntry | null {
  const [a, b] = [last.ops[0], next.ops[0]];
  if (last.ops.length !== 1 || next.ops.length !== 1 || a === undefined || b === undefined) return null;
  if (last.recovery || next.recovery) return null;
  if (a.space !== b.space || a.table !== b.table || a.id !== b.id || !sameJson(a.actor, b.actor)) return null;
  const fields: Record<string, WireCell> = Object.assign(Object.create(null), a.fields);
  for (const [name, cell] of Object.entries(b.fields ?? {})) fields[name] = laterCell(fields[name], cell);
  const deleted = b.deleted ? laterCell(a.deleted, b.deleted) : a.deleted;
  const op: Op = {
    ...a,
    ...(Object.keys(fields).length > 0 ? { fields: { ...fields } } : {}),
    ...(deleted ? { deleted } : {}),
  };
  if (opsBytes([op]) > GROUP_BYTES_MAX) return null;
  return { ...last, ops: [op] };
}

/** Appends one local transaction; its `n` is drawn here. */
export function append(state: OutboxState, ops: readonly Op[]): OutboxState {
  const entry: OutboxEntry = { n: state.next, ops };
  const keys = new Set(entryKeys(entry));
  const at = state.entries.findLastIndex((other) => other.ops.some((op) => keys.has(touchKey(op))));
  const last = state.entries[at];
  const merged = last === undefined ? null : coalesce(last, entry);
  if (merged) return { ...state, entries: state.entries.with(at, merged) };
  return { ...state, entries: [...state.entries, entry], next: state.next + 1 };
}

/** The first whole groups that fit into one batch. Never empty when there is an entry: a group was checked when written. */
export function takeBatch(entries: Iterable<OutboxEntry>): readonly OutboxEntry[] {
  const taken: OutboxEntry[] = [];
  let ops = 0;
  let bytes = 2;
  for (const entry of entries) {
    const size = opsBytes(entry.ops) - 1;
    if (taken[0] && taken[0].recovery !== entry.recovery) break;
    if (taken.length > 0 && (ops + entry.ops.length > PUSH_OPS_MAX || bytes + size > BATCH_BYTES)) break;
    taken.push(entry);
    ops += entry.ops.length;
    bytes += size;
  }
  return taken;
}

export function frozenBatch(seq: number, entries: readonly OutboxEntry[]): FrozenBatch {
  return { seq, entries, ...(entries[0]?.recovery ? { recovery: true } : {}) };
}

/** Freezes the next batch, unless one still waits for its answer. `atMost` entries: how a refused batch is taken apart. */
export function freeze(state: OutboxState, atMost = Number.POSITIVE_INFINITY): OutboxState {
  if (state.frozen !== null || state.entries.length === 0) return state;
  const entries = takeBatch(state.entries.slice(0, atMost));
  return { ...state, entries: state.entries.slice(entries.length), frozen: frozenBatch(state.acked + 1, entries) };
}

/** Puts a frozen batch back at the head of the queue: in a new epoch, or under a new client id. */
export function thaw(state: OutboxState): OutboxState {
  if (state.frozen === null) return state;
  return { ...state, frozen: null, entries: [...state.frozen.entries, ...state.entries] };
}

export const batchOps = (batch: FrozenBatch): readonly Op[] => batch.entries.flatMap((entry) => entry.ops);

/** `table` -> stamp of every field that a refused op wrote: these cells become the server's, whatever their stamps. */
export interface Repair {
  readonly space: string;
  readonly table: string;
  readonly id: string;
  /** the refused stamp by field; `$deleted` among them */
  readonly fields: Readonly<Record<string, Stamp>>;
}

export interface OpVerdict {
  readonly status: 'ok' | 'rejected';
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly conflicts?: readonly string[] | undefined;
  readonly lost?: readonly string[] | undefined;
}

/** A refused group, kept and shown until the person repairs or discards it. */
export interface Refused {
  readonly n: number;
  readonly ops: readonly Op[];
  /** one per op, in order; an op that would have been fine alone says `group_refused` */
  readonly verdicts: readonly { readonly code: string; readonly message: string }[];
}

export interface Settlement {
  readonly refused: readonly Refused[];
  readonly repairs: readonly Repair[];
}

function repairOf(op: Op, restamped: Readonly<Record<Stamp, Stamp>>): Repair {
  const fields: Record<string, Stamp> = {};
  for (const [name, cell] of Object.entries(op.fields ?? {})) fields[name] = restamped[cell[1]] ?? cell[1];
  if (op.deleted) fields[DELETED] = restamped[op.deleted[1]] ?? op.deleted[1];
  return { space: op.space, table: op.table, id: op.id, fields };
}

/**
 * What a reply means for the ops of its batch. A group that was refused only because another device had done the same
 * (`taken`) is dropped; any other refused group goes to quarantine, without its `taken` ops. Either way its cells become
 * the server's.
 */
export function judgeReply(
  batch: FrozenBatch,
  results: readonly OpVerdict[],
  restamped: Readonly<Record<Stamp, Stamp>> = {},
): Settlement {
  const refused: Refused[] = [];
  const repairs: Repair[] = [];
  let at = 0;
  for (const entry of batch.entries) {
    const verdicts = entry.ops.map((op) => ({ op, verdict: results[at++] }));
    const bad = verdicts.filter(({ verdict }) => verdict?.status === 'rejected');
    if (bad.length === 0) continue;
    for (const { op } of bad) repairs.push(repairOf(op, restamped));
    if (isTaken(bad.map(({ verdict }) => verdict))) continue;
    const kept = bad.filter(({ verdict }) => verdict?.code !== 'taken');
    refused.push({
      n: entry.n,
      ops: kept.map(({ op }) => op),
      verdicts: kept.map(({ verdict }) => ({ code: verdict?.code ?? 'internal', message: verdict?.message ?? '' })),
    });
  }
  return { refused, repairs };
}

/** A group that was refused only because another device had done the same. */
function isTaken(verdicts: readonly (OpVerdict | undefined)[]): boolean {
  const codes = verdicts.filter((verdict) => verdict?.status === 'rejected').map((verdict) => verdict?.code);
  return codes.includes('taken') && codes.every((code) => code === 'taken' || code === 'group_refused');
}

/** A cell that a person wrote on top of a cell of a dropped group. */
export interface EditOnTaken {
  readonly space: string;
  readonly table: string;
  readonly id: string;
  /** `$deleted` too */
  readonly field: string;
  readonly value: JsonValue;
  readonly actor: Op['actor'];
  /** the stamps under which it was written, the last one last */
  readonly stamps: readonly Stamp[];
}

/**
 * What a person set on top of the effects of a group that was dropped as `taken`. The same effects stand in the other
 * device's group, which may carry later stamps: the edit was made in sight of them and so has to be written again, or an
 * effect that came second would take it back. The stamp that a cell replaced tells which edits these are.
 * @param waiting what is queued behind the batch
 */
export function editsOnTaken(
  batch: FrozenBatch,
  results: readonly OpVerdict[],
  waiting: readonly OutboxEntry[],
): readonly EditOnTaken[] {
  const standing = new Map<string, Stamp>();
  const edits = new Map<string, EditOnTaken>();
  const cellsOf = (op: Op) => [
    ...Object.entries(op.fields ?? {}),
    ...(op.deleted ? [[DELETED, op.deleted] as const] : []),
  ];
  const follow = (op: Op): void => {
    if (op.actor.kind !== 'user') return;
    for (const [field, [value, stamp, replaced]] of cellsOf(op)) {
      const key = `${touchKey(op)}|${field}`;
      if (replaced === undefined || standing.get(key) !== replaced) continue;
      standing.set(key, stamp);
      const { space, table, id, actor } = op;
      edits.set(key, { space, table, id, field, value, actor, stamps: [...(edits.get(key)?.stamps ?? []), stamp] });
    }
  };
  let at = 0;
  for (const entry of batch.entries) {
    const verdicts = results.slice(at, at + entry.ops.length);
    at += entry.ops.length;
    if (isTaken(verdicts)) {
      for (const op of entry.ops)
        for (const [field, cell] of cellsOf(op)) standing.set(`${touchKey(op)}|${field}`, cell[1]);
    } else if (verdicts.every((verdict) => verdict.status === 'ok')) entry.ops.forEach(follow);
  }
  if (standing.size > 0) for (const entry of waiting) entry.ops.forEach(follow);
  return [...edits.values()];
}

function restampCell(cell: WireCell, map: Readonly<Record<Stamp, Stamp>>): WireCell {
  const stamp = map[cell[1]] ?? cell[1];
  return cell[2] === undefined ? [cell[0], stamp] : [cell[0], stamp, map[cell[2]] ?? cell[2]];
}

/** The op with its stamps, replaced ones included, rewritten as the server rewrote them. */
export function restampOp(op: Op, map: Readonly<Record<Stamp, Stamp>>): Op {
  const fields = Object.entries(op.fields ?? {}).map(([name, cell]) => [name, restampCell(cell, map)] as const);
  return {
    ...op,
    ...(op.fields ? { fields: Object.fromEntries(fields) } : {}),
    ...(op.deleted ? { deleted: restampCell(op.deleted, map) } : {}),
  };
}

export const restampEntry = (entry: OutboxEntry, map: Readonly<Record<Stamp, Stamp>>): OutboxEntry => ({
  ...entry,
  ops: entry.ops.map((op) => restampOp(op, map)),
});

/** Settles the frozen batch: its seq is used up, its entries are gone from the queue, what waits has the new stamps. */
export function settle(
  state: OutboxState,
  results: readonly OpVerdict[],
  restamped: Readonly<Record<Stamp, Stamp>> = {},
): { readonly state: OutboxState; readonly settlement: Settlement } {
  if (state.frozen === null) return { state, settlement: { refused: [], repairs: [] } };
  const settlement = judgeReply(state.frozen, results, restamped);
  const entries =
    Object.keys(restamped).length === 0 ? state.entries : state.entries.map((entry) => restampEntry(entry, restamped));
  return { state: { ...state, entries, frozen: null, acked: state.frozen.seq }, settlement };
}

/** What a client does about a batch that the server would not take as a whole. */
export type BatchRemedy =
  /** the server lost acknowledged batches: merge its state, then send what it lacks */
  | 'recover'
  /** this profile was restored or cloned: take a new client id */
  | 'renode'
  /** something in it offends as a whole: send it in smaller parts until the one entry is found, then quarantine that */
  | 'isolate';

/** The remedy for an error code of a push, or null when the code says nothing about the batch (network, session, load). */
export function batchRemedy(code: string): BatchRemedy | null {
  switch (code) {
    // A batch has the seq after the last acknowledged one, so a gap can only mean that the server expects less.
    case 'batch_gap':
    case 'epoch_changed':
      return 'recover';
    case 'batch_stale':
    case 'batch_reused':
      return 'renode';
    // The only ones that an op's content can cause: a wrong envelope would cost every group its place in the queue.
    case 'too_large':
    case 'too_deep':
      return 'isolate';
    default:
      return null;
  }
}
