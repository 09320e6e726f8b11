import type { JsonValue } from '@manara/kernel/json';
import type { RowOf, TableDef } from '@manara/sync-core/define-table';
import type { Query, RowReader } from '@manara/sync-core/reader';
import { type Collection, Dexie } from 'dexie';
import type { Stores } from './database.ts';
import { type IndexKey, indexKey, NULL_KEY, rowOf, type StoredRow } from './row.ts';
import { reading } from './unreadable-store.ts';

type Bounds = { readonly lower: IndexKey; readonly upper: IndexKey; readonly lowerOpen: boolean };
type Key = readonly (string | number)[];

/** The field list of `title` or `[listId+position]`. */
const fieldsOf = (by: string): string[] => (by.startsWith('[') ? by.slice(1, -1).split('+') : [by]);

/** Keys of a value given for an index: one value for a field, a list (maybe only its beginning) for a compound one. */
function keysOf(fields: readonly string[], value: JsonValue): Key {
  if (fields.length === 1) return [indexKey(value)];
  const values = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
  return values.map((item) => indexKey(item));
}

/** The key range of a query among live rows (0) or tombstones (1). */
function bounds(fields: readonly string[], query: Query, deleted: 0 | 1): Bounds {
  const upTo = (keys: Key): IndexKey => [deleted, ...keys, Dexie.maxKey as unknown as string];
  if (query.equals !== undefined) {
    const keys = keysOf(fields, query.equals);
    return { lower: [deleted, ...keys], upper: upTo(keys), lowerOpen: false };
  }
  // A range never holds null, as in every index of every store; `equals: null` asks for it.
  const open = query.from === undefined && fields.length === 1;
  const lower = query.from === undefined ? (open ? [NULL_KEY] : []) : keysOf(fields, query.from);
  return {
    lower: open ? [deleted, NULL_KEY] : [deleted, ...lower],
    upper: query.to === undefined ? upTo([]) : upTo(keysOf(fields, query.to)),
    lowerOpen: open,
  };
}

/**
 * {@link RowReader} over Dexie. Inside a transaction it reads that transaction's state; inside a live query it is
 * observed.
 */
export class DexieReader implements RowReader {
  readonly #stores: Stores;

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  async get<T extends TableDef>(table: T, id: string): Promise<RowOf<T> | undefined> {
    const row = await reading(table.name, () => this.#stores.rows(table.name).get(id));
    return row === undefined ? undefined : rowOf(table, row);
  }

  async list<T extends TableDef>(table: T, query: Query = {}): Promise<RowOf<T>[]> {
    return reading(table.name, () => this.#list(table, query));
  }

  async count<T extends TableDef>(table: T, query: Query = {}): Promise<number> {
    return reading(table.name, () => this.#count(table, query));
  }

  async #list<T extends TableDef>(table: T, query: Query): Promise<RowOf<T>[]> {
    if (query.anyOf !== undefined) return this.#listAnyOf(table, query, query.anyOf);
    const limit = query.limit ?? Number.POSITIVE_INFINITY;
    const live = await bounded(this.#range(table, query, 0), limit);
    const dead = query.withDeleted ? await bounded(this.#range(table, query, 1), limit) : [];
    const rows =
      dead.length === 0 ? live : inOrder([...live, ...dead], fieldsOf(query.by ?? 'id'), query).slice(0, limit);
    return rows.map((row) => rowOf(table, row));
  }

  async #count<T extends TableDef>(table: T, query: Query): Promise<number> {
    if (query.anyOf !== undefined || query.limit !== undefined) return (await this.#list(table, query)).length;
    const dead = query.withDeleted ? await this.#range(table, query, 1).count() : 0;
    return dead + (await this.#range(table, query, 0).count());
  }

  /** One range per value, each row once, in the order of the index. */
  async #listAnyOf<T extends TableDef>(table: T, query: Query, values: readonly JsonValue[]): Promise<RowOf<T>[]> {
    const { anyOf: _, ...rest } = query;
    const fields = fieldsOf(query.by ?? 'id');
    const distinct = [...new Map(values.map((value) => [JSON.stringify(keysOf(fields, value)), value])).values()];
    const found: StoredRow[] = [];
    for (const equals of distinct) {
      for (const deleted of query.withDeleted ? ([0, 1] as const) : ([0] as const)) {
        found.push(...(await bounded(this.#range(table, { ...rest, equals }, deleted), query.limit ?? Infinity)));
      }
    }
    return inOrder(found, fields, query)
      .slice(0, query.limit ?? Infinity)
      .map((row) => rowOf(table, row));
  }

  #range(table: TableDef, query: Query, deleted: 0 | 1): Collection<StoredRow, string> {
    const rows = this.#stores.rows(table.name);
    const by = query.by ?? 'id';
    const fields = fieldsOf(by);
    const path = by === 'id' ? '[$deleted+id]' : `[${['$deleted', ...fields.map((field) => `$k.${field}`)].join('+')}]`;
    const { lower, upper, lowerOpen } = bounds(fields, query, deleted);
    // a single open bound on null must skip every row with that key, whatever its id: the upper end of null is open
    const from = lowerOpen ? [deleted, NULL_KEY, Dexie.maxKey as unknown as string] : lower;
    const range = rows.where(path).between(from, upper, !lowerOpen, true);
    return query.reverse ? range.reverse() : range;
  }
}

const bounded = (range: Collection<StoredRow, string>, limit: number): PromiseLike<StoredRow[]> =>
  limit === Number.POSITIVE_INFINITY ? range.toArray() : range.limit(limit).toArray();

/** Orders rows of several ranges as one scan of the index would. */
function inOrder(rows: readonly StoredRow[], fields: readonly string[], query: Query): StoredRow[] {
  const keyOf = (row: StoredRow): Key =>
    fields[0] === 'id' ? [row.id] : [...fields.map((field) => row.$k[field] as string | number), row.id];
  const compare = (a: Key, b: Key): number => {
    for (let at = 0; at < a.length; at++) {
      const order = compareKeys(a[at] as string | number, b[at] as string | number);
      if (order !== 0) return order;
    }
    return 0;
  };
  const sorted = rows.map((row) => ({ row, key: keyOf(row) })).sort((a, b) => compare(a.key, b.key));
  if (query.reverse) sorted.reverse();
  return sorted.map(({ row }) => row);
}

/** IndexedDB's order: numbers before text. */
function compareKeys(a: string | number, b: string | number): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
