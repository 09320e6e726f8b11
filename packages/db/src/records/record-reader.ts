import type { JsonValue } from '@manara/kernel/json';
import { type FieldDef, type RowOf, readRow, type TableDef } from '@manara/sync-core/define-table';
import type { Query, RowReader } from '@manara/sync-core/reader';
import type { PendingQuery, Row } from 'postgres';
import type { Tx } from '../client.ts';
import { type RecordColumns, toCells } from './record-row.ts';

interface ReadRow extends RecordColumns {
  id: string;
}
type Fragment = PendingQuery<Row[]>;

/** Reads the merged state of one space as rows. In a transaction that may see the space. */
export function recordReader(tx: Tx, spaceId: string): RowReader {
  const select = async <T extends TableDef>(table: T, query: Query): Promise<RowOf<T>[]> => {
    const rows = await tx<ReadRow[]>`
      select r.id, r.fields, r.deleted, r.actors
      from records r
      where r.space_id = ${spaceId} and r.table_name = ${table.name} ${notDeleted(tx, query)} ${matching(tx, table, query)}
      ${order(tx, table, query)}
      ${query.limit === undefined ? tx`` : tx`limit ${query.limit}`}`;
    return rows.map((row) => readRow(table, row.id, toCells(row)));
  };
  return {
    async get(table, id) {
      const rows = await tx<ReadRow[]>`
        select r.id, r.fields, r.deleted, r.actors
        from records r
        where r.space_id = ${spaceId} and r.table_name = ${table.name} and r.id = ${id}`;
      const [row] = rows;
      return row && readRow(table, row.id, toCells(row));
    },
    list: (table, query = {}) => select(table, query),
    async count(table, query = {}) {
      const [row] = await tx<{ count: number }[]>`
        select count(*) as count
        from records r
        where r.space_id = ${spaceId} and r.table_name = ${table.name} ${notDeleted(tx, query)}
          ${matching(tx, table, query)}`;
      return Math.min(row?.count ?? 0, query.limit ?? Number.POSITIVE_INFINITY);
    },
  };
}

const notDeleted = (tx: Tx, { withDeleted }: Query): Fragment =>
  withDeleted ? tx`` : tx`and not coalesce((r.deleted ->> 0)::boolean, false)`;

/** `[a+b]` names two fields; every other name one. */
const fieldsOf = (by: string): string[] => (by.startsWith('[') ? by.slice(1, -1).split('+') : [by]);

function fieldDef(table: TableDef, name: string): FieldDef {
  const def = Object.hasOwn(table.fields, name) ? table.fields[name] : undefined;
  if (def === undefined) throw new TypeError(`${table.name} has no field ${name} to query by`);
  return def;
}

/** A field's value as jsonb; an absent cell reads as the field's default. */
function value(tx: Tx, table: TableDef, name: string): Fragment {
  const absent = JSON.stringify(fieldDef(table, name).default);
  return tx`coalesce(r.fields -> ${name}::text -> 0, ${absent}::text::jsonb)`;
}

function matching(tx: Tx, table: TableDef, { by, equals, anyOf, from, to }: Query): Fragment {
  if (by === undefined) return tx``;
  const names = fieldsOf(by);
  // As an index of a client does: null is found by asking for it, and is in no range.
  if (equals === undefined && anyOf === undefined) {
    const present = names.map((name) => tx`${value(tx, table, name)} <> 'null'::jsonb`);
    return tx`and ${conjunction(tx, present)} ${inRange(tx, table, names, from, to)}`;
  }
  const all = (bound: JsonValue): Fragment =>
    conjunction(
      tx,
      partsOf(names, bound).map(
        (part, index) => tx`${value(tx, table, names[index] ?? '')} = ${JSON.stringify(part)}::text::jsonb`,
      ),
    );
  let where = tx``;
  if (equals !== undefined) where = tx`${where} and ${all(equals)}`;
  if (anyOf !== undefined) where = tx`${where} and (${disjunction(tx, anyOf.map(all))})`;
  return tx`${where} ${inRange(tx, table, names, from, to)}`;
}

function inRange(
  tx: Tx,
  table: TableDef,
  names: readonly string[],
  from: JsonValue | undefined,
  to: JsonValue | undefined,
): Fragment {
  let where = tx``;
  if (from !== undefined) where = tx`${where} and ${bound(tx, table, names, partsOf(names, from), '>=')}`;
  if (to !== undefined) where = tx`${where} and ${bound(tx, table, names, partsOf(names, to), '<=')}`;
  return where;
}

/** A compound value is a list with one element per field; a shorter one means its first fields. */
function partsOf(names: readonly string[], value: JsonValue): readonly JsonValue[] {
  return names.length === 1 || !Array.isArray(value) ? [value] : value;
}

const conjunction = (tx: Tx, terms: readonly Fragment[]): Fragment =>
  terms.reduce((left, right) => tx`${left} and ${right}`, tx`true`);
const disjunction = (tx: Tx, terms: readonly Fragment[]): Fragment =>
  terms.reduce((left, right) => tx`${left} or ${right}`, tx`false`);

/** Compares as a client's index does: numbers before text, and text by its code points, not by a language's rules. */
function bound(
  tx: Tx,
  table: TableDef,
  names: readonly string[],
  limits: readonly JsonValue[],
  side: '>=' | '<=',
): Fragment {
  const left = names.slice(0, limits.length).map((name) => sortKey(tx, value(tx, table, name)));
  const right = limits.map((limit) => sortKey(tx, tx`${JSON.stringify(limit)}::text::jsonb`));
  const row = (keys: readonly Fragment[]) => keys.reduce((a, b) => tx`${a}, ${b}`);
  return side === '>=' ? tx`(${row(left)}) >= (${row(right)})` : tx`(${row(left)}) <= (${row(right)})`;
}

const sortKey = (tx: Tx, json: Fragment): Fragment => tx`
  case jsonb_typeof(${json}) when 'null' then 0 when 'boolean' then 1 when 'number' then 2 else 3 end,
  case when jsonb_typeof(${json}) = 'number' then (${json})::text::numeric else 0 end,
  case when jsonb_typeof(${json}) = 'number' then '' else (${json}) #>> '{}' end collate "C"`;

function order(tx: Tx, table: TableDef, { by, reverse }: Query): Fragment {
  if (by === undefined) return reverse ? tx`order by r.id desc` : tx`order by r.id`;
  const keys = fieldsOf(by).map((name) => value(tx, table, name));
  const terms = keys.map((json) =>
    reverse
      ? tx`case when jsonb_typeof(${json}) = 'number' then (${json})::text::numeric end desc nulls last, ${json} #>> '{}' collate "C" desc nulls last`
      : tx`case when jsonb_typeof(${json}) = 'number' then (${json})::text::numeric end nulls first, ${json} #>> '{}' collate "C" nulls first`,
  );
  const all = terms.reduce((a, b) => tx`${a}, ${b}`);
  return reverse ? tx`order by ${all}, r.id desc` : tx`order by ${all}, r.id`;
}
