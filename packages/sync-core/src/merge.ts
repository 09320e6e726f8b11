import { canonicalJson, compareUtf8 } from '@manara/kernel/canonical-json';
import type { Cell, Cells } from './record.ts';

/**
 * Field-level last-writer-wins. One function for client, server and simulator.
 *
 * Invariants, each a property test of the same name in merge.test.ts:
 * - M1 commutative: merge(a, b) = merge(b, a) between copies
 * - M2 associative: merge(merge(a, b), c) = merge(a, merge(b, c))
 * - M3 idempotent: merge(a, a) = a
 * - M4 total order: of two different cells exactly one wins, and the winner is the greatest stamp
 * - M5 tombstone rules: deleted=true hides and keeps the fields; later field writes merge underneath and do not bring
 *   the record back; deleted=false does
 * - M6 unknown fields survive: cells of fields that this version does not know merge and stay
 */

/**
 * Who stands when two cells carry the same stamp:
 * - `copies`: between two local copies the greater canonical JSON (UTF-8 bytes)
 * - `stored`: on the server the stored cell
 * - `incoming`: on a client that applies what the server sent
 */
export type Tie = 'copies' | 'stored' | 'incoming';

/** Whether `incoming` replaces `stored`. */
export function wins(stored: Cell | undefined, incoming: Cell, tie: Tie): boolean {
  if (stored === undefined) return true;
  if (incoming.stamp !== stored.stamp) return incoming.stamp > stored.stamp;
  if (tie === 'stored') return false;
  if (tie === 'incoming') return true;
  return compareUtf8(canonicalJson(incoming.value), canonicalJson(stored.value)) > 0;
}

export interface Merged {
  readonly cells: Cells;
  /** fields whose cell is now the incoming one */
  readonly won: readonly string[];
  /** fields whose incoming cell did not win against another one */
  readonly lost: readonly string[];
}

export function mergeCells(stored: Cells, incoming: Cells, tie: Tie): Merged {
  const won: string[] = [];
  const lost: string[] = [];
  // A null prototype: a field may be called `constructor` and must not find Object's.
  const cells: Record<string, Cell> = Object.assign(Object.create(null), stored);
  for (const [field, cell] of Object.entries(incoming)) {
    const old = cells[field];
    if (wins(old, cell, tie)) {
      cells[field] = cell;
      won.push(field);
    } else if (old !== undefined && !sameCell(old, cell)) {
      lost.push(field);
    }
  }
  return { cells, won, lost };
}

export function sameCell(a: Cell, b: Cell): boolean {
  return a.stamp === b.stamp && canonicalJson(a.value) === canonicalJson(b.value);
}
