import type { JsonValue } from '@manara/kernel/json';
import type { RowOf, TableDef } from './define-table.ts';

/** Which rows of a table, by one of its declared indexes. Deleted rows are left out unless asked for. */
export interface Query {
  /** an index of the table: a field, or `[a+b]` for a compound one */
  readonly by?: string;
  readonly equals?: JsonValue;
  readonly anyOf?: readonly JsonValue[];
  /** inclusive bounds */
  readonly from?: JsonValue;
  readonly to?: JsonValue;
  readonly reverse?: boolean;
  /** at most this many rows, after deleted ones were left out */
  readonly limit?: number;
  readonly withDeleted?: boolean;
}

/** Reads rows. A module's queries are functions of this, so that they run over Dexie, Postgres and memory alike. */
export interface RowReader {
  get<T extends TableDef>(table: T, id: string): Promise<RowOf<T> | undefined>;
  list<T extends TableDef>(table: T, query?: Query): Promise<RowOf<T>[]>;
  count<T extends TableDef>(table: T, query?: Query): Promise<number>;
}
