import { isUuid } from '@manara/kernel/id';
import { isJsonObject, type JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import type { Actor } from '@manara/sync-core/actor';
import { invalidValue, type TableDef } from '@manara/sync-core/define-table';
import { ACCEPTED, DELETED } from '@manara/sync-core/record';
import { isStamp, type Stamp } from '@manara/sync-core/stamp';
import { utf8Bytes, valueFault } from '@manara/sync-core/value-limits';
import type { Write } from '@manara/sync-core/write';

/** The server's codes where it would refuse the same, and what only this device can refuse. */
export type WriteRefusal =
  | 'unknown_table'
  | 'bad_id'
  | 'unknown_field'
  | 'forbidden_field'
  | 'bad_stamp'
  | 'bad_actor'
  | 'field_too_large'
  | 'invalid_string'
  | 'unsafe_number'
  | 'too_deep'
  | 'invalid_value'
  | 'immutable'
  | 'taken'
  | 'too_large'
  /** the device has no room left */
  | 'quota'
  /** this guest's data was taken over by an account */
  | 'adopted'
  /** another tab runs a newer version: this one must be reloaded */
  | 'outdated';

export interface WriteRefused {
  readonly code: WriteRefusal;
  readonly message: string;
  readonly table?: string;
  readonly id?: string;
  readonly field?: string;
}

/** A write that may be stored: values are plain JSON of their own, `$deleted` among them. */
export interface CheckedWrite {
  readonly table: TableDef;
  readonly id: string;
  readonly values: ReadonlyMap<string, JsonValue>;
  readonly actor: Actor;
  readonly stamps: Readonly<Record<string, Stamp>>;
  readonly basis: Readonly<Record<string, string>>;
}

/** An actor's UTF-8 JSON may be this large; the server refuses a larger one. */
const ACTOR_BYTES_MAX = 16_384;

/** Plain JSON: whatever proxy or class the caller held becomes data, and what JSON cannot carry is gone. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Checks what can be checked without reading: nothing that the server would refuse for its shape is ever stored. */
export function checkWrite(
  tables: ReadonlyMap<string, TableDef>,
  actor: Actor,
  write: Write,
): Result<CheckedWrite, WriteRefused> {
  const at = { table: write.table, id: write.id };
  const table = tables.get(write.table);
  if (table === undefined) return err({ code: 'unknown_table', message: `there is no table ${write.table}`, ...at });
  if (!isUuid(write.id)) return err({ code: 'bad_id', message: 'an id is a lower-case UUID', ...at });
  const by = plain(write.actor ?? actor);
  const actorFault = refusedActor(table, by);
  if (actorFault !== null) return err({ code: 'bad_actor', message: actorFault, ...at });
  const values = new Map<string, JsonValue>();
  for (const [field, given] of Object.entries(write.set ?? {})) {
    if (given === undefined) continue;
    const checked = checkValue(table, field, given);
    if (!checked.ok) return err({ ...checked.error, ...at, field });
    values.set(field, checked.value);
  }
  if (write.deleted !== undefined) values.set(DELETED, write.deleted);
  if (write.deleted !== undefined && table.insertOnly) {
    return err({ code: 'immutable', message: `a row of ${table.name} stays as it is`, ...at });
  }
  for (const stamp of Object.values(write.stamps ?? {})) {
    if (!isStamp(stamp)) return err({ code: 'bad_stamp', message: `${stamp} is no stamp`, ...at });
  }
  return ok({ table, id: write.id, values, actor: by, stamps: write.stamps ?? {}, basis: write.basis ?? {} });
}

function refusedActor(table: TableDef, actor: Actor): string | null {
  if (actor.kind === 'system') return 'only the server writes as the system';
  if (actor.kind === 'ai' && !table.aiMayWrite) return `an AI may not write ${table.name}`;
  return utf8Bytes(JSON.stringify(actor)) > ACTOR_BYTES_MAX ? 'the actor is too large' : null;
}

function checkValue(table: TableDef, field: string, given: JsonValue): Result<JsonValue, WriteRefused> {
  if (field === ACCEPTED) return err({ code: 'forbidden_field', message: "accepted is the server's" });
  const def = Object.hasOwn(table.fields, field) ? table.fields[field] : undefined;
  if (def === undefined) return err({ code: 'unknown_field', message: `${table.name} has no field ${field}` });
  const fault = valueFault(given);
  if (fault !== null) return err({ code: fault, message: `${table.name}.${field}: ${FAULT_WORDS[fault]}` });
  const text = JSON.stringify(given);
  const bytes = utf8Bytes(text);
  if (bytes > def.maxBytes) {
    return err({ code: 'field_too_large', message: `${table.name}.${field}: ${bytes} bytes, at most ${def.maxBytes}` });
  }
  const value = JSON.parse(text) as JsonValue;
  const invalid = invalidValue(table, field, value);
  if (invalid !== null) return err({ code: 'invalid_value', message: invalid });
  if (isJsonObject(value) && Object.keys(value).length === 1 && Object.keys(value)[0]?.startsWith('$')) {
    return err({ code: 'invalid_value', message: `${table.name}.${field}: an object of one $ key is reserved` });
  }
  return ok(value);
}

const FAULT_WORDS = {
  invalid_string: 'text with NUL or half a character',
  unsafe_number: 'a number that JSON cannot carry exactly',
  too_deep: 'nested too deeply',
} as const;
