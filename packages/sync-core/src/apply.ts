import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonValue } from '@manara/kernel/json';
import type { Actor } from './actor.ts';
import { mergeCells } from './merge.ts';
import { type Cell, type Cells, DELETED } from './record.ts';
import type { Stamp } from './stamp.ts';
import type { Op, WireCell } from './wire-op.ts';
import { opCells } from './wire-op.ts';

/** A record as pull and get send it, whole. */
export interface WireRecord {
  readonly table: string;
  readonly id: string;
  readonly seq: number;
  readonly fields?: Readonly<Record<string, WireCell>> | undefined;
  readonly deleted?: WireCell | undefined;
  /** who wrote the record's greatest stamp */
  readonly actor?: Actor | undefined;
  /** fields that another wrote; the cell `deleted` is called `deleted` here */
  readonly actorOf?: Readonly<Record<string, Actor>> | undefined;
}

/** A sent record's cells as merge takes them. */
export function recordCells(record: WireRecord): Cells {
  const cells: Record<string, Cell> = Object.create(null);
  const cell = (wireName: string, [value, stamp]: WireCell): Cell => {
    const actorOf = record.actorOf;
    const actor = actorOf && Object.hasOwn(actorOf, wireName) ? actorOf[wireName] : record.actor;
    return actor ? { value, stamp, actor } : { value, stamp };
  };
  for (const [field, wire] of Object.entries(record.fields ?? {})) cells[field] = cell(field, wire);
  if (record.deleted) cells[DELETED] = cell('deleted', record.deleted);
  return cells;
}

/** A person's text that lost to another's, kept on this device with a notice. */
export interface LostText {
  readonly field: string;
  readonly text: string;
  readonly stamp: Stamp;
  readonly actor: Actor | undefined;
  /** whose text stands: that of this device, or the one that came in */
  readonly stands: 'mine' | 'theirs';
}

/**
 * The losing texts of a merge. Only a cell that still waits in the queue can be in conflict: it was written without
 * having seen what comes in, unless what comes in is what it replaced.
 * @param waiting the record's unacknowledged ops
 * @param textFields fields that a person writes as text
 */
export function lostTexts(
  local: Cells,
  incoming: Cells,
  waiting: readonly Op[],
  textFields: ReadonlySet<string>,
): LostText[] {
  const lost: LostText[] = [];
  for (const field of textFields) {
    const [mine, theirs] = [local[field], incoming[field]];
    if (mine === undefined || theirs === undefined || mine.stamp === theirs.stamp) continue;
    const waits = waiting.some((op) => op.fields?.[field]?.[1] === mine.stamp);
    if (!waits || knownStamps(waiting, field).has(theirs.stamp)) continue;
    const stands = theirs.stamp > mine.stamp ? 'theirs' : 'mine';
    const loser = stands === 'theirs' ? mine : theirs;
    const winner = stands === 'theirs' ? theirs : mine;
    if (typeof loser.value !== 'string' || loser.value.trim() === '' || sameValue(loser.value, winner.value)) continue;
    lost.push({ field, text: loser.value, stamp: loser.stamp, actor: loser.actor, stands });
  }
  return lost;
}

const sameValue = (a: JsonValue, b: JsonValue): boolean => canonicalJson(a) === canonicalJson(b);

/** Stamps that the waiting writes of a field wrote or had seen. */
function knownStamps(ops: readonly Op[], field: string): ReadonlySet<Stamp> {
  const stamps = new Set<Stamp>();
  for (const op of ops) {
    const cell = op.fields?.[field];
    if (cell) stamps.add(cell[1]);
    if (cell?.[2] !== undefined) stamps.add(cell[2]);
  }
  return stamps;
}

/** The server's cells with the unacknowledged local ones merged over them: a reset's copy of a record. */
export function replacedCells(server: Cells, waiting: readonly Op[]): Cells {
  return waiting.reduce<Cells>((cells, op) => mergeCells(cells, opCells(op), 'copies').cells, server);
}

/**
 * A record after a refusal: cells that still carry a refused stamp become the server's, whatever their stamps, or go
 * when the server has none. A cell that was written since, and what else the server sent, merges as always.
 * @param refused the refused stamp by field
 */
export function repairedCells(local: Cells, server: Cells, refused: Readonly<Record<string, Stamp>>): Cells {
  const kept = Object.entries(local).filter(([field, cell]) => refused[field] !== cell.stamp);
  return mergeCells(Object.fromEntries(kept), server, 'incoming').cells;
}
