import type { JsonValue } from '@manara/kernel/json';
import type { Actor } from './actor.ts';
import { type Cell, type Cells, DELETED } from './record.ts';
import type { Stamp } from './stamp.ts';

/** `[value, stamp]`, or `[value, stamp, the stamp it replaced]`. */
export type WireCell = readonly [value: JsonValue, stamp: Stamp, replaced?: Stamp];

/** One record's change as a batch carries it. At least one of `fields` and `deleted` is present. */
export interface Op {
  readonly space: string;
  readonly table: string;
  readonly id: string;
  readonly group?: string | undefined;
  readonly fields?: Readonly<Record<string, WireCell>> | undefined;
  readonly deleted?: WireCell | undefined;
  readonly actor: Actor;
}

/** What a client stores before it first sends it, and never changes. */
export interface Batch {
  readonly seq: number;
  readonly ops: readonly Op[];
  readonly recovery?: true | undefined;
}

/** An op's cells as merge takes them. */
export function opCells(op: Op): Cells {
  const cells: Record<string, Cell> = Object.create(null);
  for (const [name, [value, stamp]] of Object.entries(op.fields ?? {})) cells[name] = { value, stamp, actor: op.actor };
  if (op.deleted) cells[DELETED] = { value: op.deleted[0], stamp: op.deleted[1], actor: op.actor };
  return cells;
}
