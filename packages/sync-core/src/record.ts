import type { JsonValue } from '@manara/kernel/json';
import type { Actor } from './actor.ts';
import type { Stamp } from './stamp.ts';

/** The cell that hides a record. It merges as any other; no field of a table may start with `$`. */
export const DELETED = '$deleted';

/** The server-owned field of insert-only rows: the server's stamp at first acceptance. */
export const ACCEPTED = 'accepted';

/** One field's value and when it was written. */
export interface Cell {
  readonly value: JsonValue;
  readonly stamp: Stamp;
  readonly actor?: Actor | undefined;
}

/** Cells by field name; {@link DELETED} is one of them. A cell that nobody wrote is absent. */
export type Cells = Readonly<Record<string, Cell>>;

export interface RecordKey {
  readonly space: string;
  readonly table: string;
  readonly id: string;
}

export interface SyncRecord extends RecordKey {
  readonly cells: Cells;
}

export const isDeleted = (cells: Cells): boolean => cells[DELETED]?.value === true;

/** The greatest stamp of a record, or undefined for one with no cell. */
export function greatestStamp(cells: Cells): Stamp | undefined {
  let greatest: Stamp | undefined;
  for (const cell of Object.values(cells)) if (greatest === undefined || cell.stamp > greatest) greatest = cell.stamp;
  return greatest;
}

/** A text key of a record, for maps. */
export const recordKey = (key: RecordKey): string => `${key.space}|${key.table}|${key.id}`;
