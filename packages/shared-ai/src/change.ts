import { canonicalJson } from '@manara/kernel/canonical-json';
import type { JsonValue } from '@manara/kernel/json';
import type { TableDef } from '@manara/sync-core/define-table';
import { DELETED } from '@manara/sync-core/record';
import { jsonBytes } from '@manara/sync-core/value-limits';
import type { Write } from '@manara/sync-core/write';
import type { Change } from './tables/plans.ts';
import type { World } from './tool.ts';
import { fieldOf } from './tool-preview.ts';

/** Text longer than this is recorded by the part that differs: a long note must fit into the record of its change. */
const LONG_TEXT = 2000;

const same = (a: JsonValue, b: JsonValue): boolean => canonicalJson(a) === canonicalJson(b);

/** The part in which two texts differ, never cut within a surrogate pair. */
function spliceOf(before: string, after: string): NonNullable<Change['splice']> {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  let end = 0;
  while (end < most - start && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end))
    end += 1;
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) start -= 1;
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) end -= 1;
  return {
    at: start,
    removed: before.slice(start, before.length - end),
    inserted: after.slice(start, after.length - end),
  };
}
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

function changeOf(table: string, id: string, field: string, before: JsonValue, after: JsonValue): Change {
  const long = typeof before === 'string' && typeof after === 'string' && before.length + after.length > LONG_TEXT;
  return long
    ? { table, id, field, before: null, after: null, splice: spliceOf(before, after) }
    : { table, id, field, before, after };
}

/** What a create's record keeps of its fields: short ones, for Activity. Undoing it deletes the record whole. */
function createdChanges(write: Write): Change[] {
  const fields = Object.entries(write.set ?? {}).filter(([, value]) => jsonBytes(value) <= LONG_TEXT);
  return [
    { table: write.table, id: write.id, field: DELETED, before: null, after: false },
    ...fields.map(([field, after]) => ({ table: write.table, id: write.id, field, before: null, after })),
  ];
}

export interface Recorded {
  /** the writes, without fields that already are as they would be; a create says that it is not deleted */
  readonly writes: readonly Write[];
  readonly changes: readonly Change[];
}

/**
 * What writes change in a world, as an execution records it. A create carries the cell `$deleted` = false, so that undo
 * finds the execution as its writer.
 */
export function recordChanges(writes: readonly Write[], world: World, tables: ReadonlyMap<string, TableDef>): Recorded {
  const kept: Write[] = [];
  const changes: Change[] = [];
  for (const write of writes) {
    const table = tables.get(write.table);
    if (table === undefined) throw new TypeError(`no table ${write.table}`);
    const row = world.get(table, write.id);
    if (row === undefined) {
      kept.push({ ...write, deleted: false });
      changes.push(...createdChanges(write));
      continue;
    }
    const set = Object.entries(write.set ?? {}).filter(([field, after]) => !same(fieldOf(row, field), after));
    for (const [field, after] of set) changes.push(changeOf(write.table, write.id, field, fieldOf(row, field), after));
    const turns = write.deleted !== undefined && write.deleted !== row.deleted;
    if (turns)
      changes.push({ table: write.table, id: write.id, field: DELETED, before: row.deleted, after: write.deleted });
    if (set.length > 0 || turns) {
      const { set: _set, deleted: _deleted, ...rest } = write;
      kept.push({
        ...rest,
        ...(set.length > 0 ? { set: Object.fromEntries(set) } : {}),
        ...(turns ? { deleted: write.deleted } : {}),
      });
    }
  }
  return { writes: kept, changes };
}

/** The value before a change, from the value after it. */
export function valueBefore(change: Change, after: JsonValue): JsonValue {
  const { splice } = change;
  if (splice === undefined || typeof after !== 'string') return change.before;
  return after.slice(0, splice.at) + splice.removed + after.slice(splice.at + splice.inserted.length);
}

/** Whether a value is what the change left. */
export function isAfter(change: Change, value: JsonValue): boolean {
  const { splice } = change;
  if (splice === undefined) return same(change.after, value);
  return typeof value === 'string' && value.slice(splice.at, splice.at + splice.inserted.length) === splice.inserted;
}
