import type { JsonValue } from '@manara/kernel/json';
import * as z from 'zod/mini';
import { ACCEPTED, type Cells, DELETED, greatestStamp, isDeleted } from './record.ts';
import { stampMs } from './stamp.ts';

/** The most bytes of UTF-8 JSON in one value, unless its field says otherwise. */
export const FIELD_BYTES_MAX = 65_536;

export interface FieldDef<S extends z.ZodMiniType = z.ZodMiniType> {
  readonly schema: S;
  /** what an absent cell reads as */
  readonly default: z.output<S>;
  readonly maxBytes: number;
  /** text that a person writes: the losing text of a conflict is kept as a local copy with a notice */
  readonly text: boolean;
}

export function field<S extends z.ZodMiniType>(
  schema: S,
  defaultValue: z.output<S>,
  options: { readonly maxBytes?: number; readonly text?: boolean } = {},
): FieldDef<S> {
  return {
    schema,
    default: defaultValue,
    maxBytes: options.maxBytes ?? FIELD_BYTES_MAX,
    text: options.text ?? false,
  };
}

// `any` stays out: FieldDef is covariant in its output, so a record of FieldDef<ZodMiniType> takes every field.
export type FieldDefs = Readonly<Record<string, FieldDef>>;

/** The one definition of a synced table; zod, TypeScript, Dexie and the server's checks derive from it. */
export interface TableDef<N extends string = string, F extends FieldDefs = FieldDefs> {
  readonly name: N;
  readonly fields: F;
  /** a row cannot be changed or deleted once accepted, and carries `accepted` */
  readonly insertOnly: boolean;
  /** fields that answer `taken` to a second value */
  readonly writeOnce: readonly string[];
  /** actor kinds that may write here besides the server */
  readonly aiMayWrite: boolean;
  /** fields, or lists of fields, that a client can query by */
  readonly indexes: readonly (string | readonly string[])[];
}

export interface TableOptions<N extends string, F extends FieldDefs> {
  readonly name: N;
  readonly fields: F;
  readonly insertOnly?: boolean;
  readonly writeOnce?: readonly (keyof F & string)[];
  readonly aiMayWrite?: boolean;
  readonly indexes?: readonly ((keyof F & string) | readonly (keyof F & string)[])[];
}

export function defineTable<const N extends string, F extends FieldDefs>(options: TableOptions<N, F>): TableDef<N, F> {
  for (const name of Object.keys(options.fields)) {
    if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new TypeError(`${options.name}.${name}: a field name is camelCase`);
    if (['id', 'deleted', 'touchedMs', ACCEPTED].includes(name))
      throw new TypeError(`${options.name}.${name} is reserved`);
  }
  return {
    name: options.name,
    fields: options.fields,
    insertOnly: options.insertOnly ?? false,
    writeOnce: options.writeOnce ?? [],
    aiMayWrite: options.aiMayWrite ?? true,
    indexes: options.indexes ?? [],
  };
}

/** A record as code reads it: every field present, defaults filled in. */
export type RowOf<T> =
  T extends TableDef<string, infer F> ? { readonly [K in keyof F]: z.output<F[K]['schema']> } & RowBase : never;

export interface RowBase {
  readonly id: string;
  readonly deleted: boolean;
  /** the server's stamp at first acceptance; insert-only tables alone, null until accepted */
  readonly accepted: string | null;
  /** when anyone last wrote any of its fields: milliseconds since 1970 of its greatest stamp, 0 for a row not stored */
  readonly touchedMs: number;
}

/** A row of a table that is known by name only. */
export type AnyRow = RowBase & { readonly [field: string]: JsonValue };

/** Reads a record's cells as a row. Values were checked when written; an absent cell reads as the field's default. */
export function readRow<T extends TableDef>(table: T, id: string, cells: Cells): RowOf<T> {
  const greatest = greatestStamp(cells);
  const touchedMs = greatest === undefined ? 0 : stampMs(greatest);
  const row: Record<string, unknown> = { id, deleted: isDeleted(cells), accepted: null, touchedMs };
  for (const [name, def] of Object.entries(table.fields)) row[name] = cells[name]?.value ?? def.default;
  // null is a value of its own: `??` above would turn it into the default
  for (const [name, cell] of Object.entries(cells)) if (name !== DELETED) row[name] = cell.value;
  return row as RowOf<T>;
}

/** Why a value cannot be stored, or null. Only checks the shape; size and text checks are the wire's. */
export function invalidValue(table: TableDef, name: string, value: JsonValue): string | null {
  const def = Object.hasOwn(table.fields, name) ? table.fields[name] : undefined;
  if (def === undefined) return `${table.name} has no field ${name}`;
  const parsed = z.safeParse(def.schema, value);
  if (parsed.success) return null;
  const issue = parsed.error.issues[0];
  return `${table.name}.${name}: ${issue?.message ?? 'invalid'}`;
}
