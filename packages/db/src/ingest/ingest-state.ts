import type { JsonValue } from '@manara/kernel/json';
import type { SpaceRole } from '@manara/protocol/me';
import type { Actor } from '@manara/sync-core/actor';
import type { Cells, RecordKey } from '@manara/sync-core/record';
import type { Stamp } from '@manara/sync-core/stamp';

export interface SpaceState {
  readonly role: SpaceRole;
  /** the greatest sequence number */
  readonly seq: number;
  readonly horizon: number;
  /** server time as last stored, ms since 1970 */
  readonly serverTimeMs: number;
}

export interface StoredRecord {
  /** with their actors; `accepted` is one of them */
  readonly cells: Cells;
  readonly seq: number;
}

export interface ChangedRecord extends RecordKey, StoredRecord {
  readonly isNew: boolean;
  /** the actor of the last op, for a record without any cell of its own */
  readonly actor: Actor;
}

export interface LogCell {
  readonly value: JsonValue;
  readonly stamp: Stamp;
  readonly won: boolean;
  readonly previous?: readonly [value: JsonValue, stamp: Stamp];
}

/** One accepted op. */
export interface LogEntry extends RecordKey {
  /** the record's number when the op changed it, else the head */
  readonly seq: number;
  readonly cells: Readonly<Record<string, LogCell>>;
  readonly actor: Actor;
  readonly group: string | null;
}
