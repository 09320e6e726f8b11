import type { JsonValue } from '@manara/kernel/json';
import type { Actor } from './actor.ts';
import type { RowOf, TableDef } from './define-table.ts';
import type { Stamp } from './stamp.ts';

/** One record's part of a local transaction. Pure code returns these; the write door stamps, stores and queues them. */
export interface Write {
  readonly table: string;
  readonly id: string;
  readonly set?: Readonly<Record<string, JsonValue>>;
  readonly deleted?: boolean;
  /** overrides the transaction's actor, as for the module writes of an approval */
  readonly actor?: Actor;
  /** stamps to use instead of fresh ones, by field (`$deleted` too): only undo does this */
  readonly stamps?: Readonly<Record<string, Stamp>>;
  /**
   * What a person saw of a text field when the edit began. What is stored by now may be another's text that came in
   * meanwhile: it is replaced all the same, and kept with a notice.
   */
  readonly basis?: Readonly<Record<string, string>>;
}

/** A write whose fields are checked against the table at compile time. */
export function put<T extends TableDef>(
  table: T,
  id: string,
  set: { readonly [K in keyof T['fields']]?: RowOf<T>[K & keyof RowOf<T>] },
): Write {
  return { table: table.name, id, set: set as unknown as Record<string, JsonValue> };
}

export const remove = (table: TableDef, id: string): Write => ({ table: table.name, id, deleted: true });
export const restore = (table: TableDef, id: string): Write => ({ table: table.name, id, deleted: false });

/** The write with what a person saw of those text fields that it sets. */
export function seen<K extends string>(write: Write, row: { readonly [P in K]: string }, texts: readonly K[]): Write {
  const set = texts.filter((name) => write.set !== undefined && Object.hasOwn(write.set, name));
  return set.length === 0 ? write : { ...write, basis: Object.fromEntries(set.map((name) => [name, row[name]])) };
}
