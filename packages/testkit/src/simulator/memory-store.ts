/** What IndexedDB can order by, as far as the local database uses it. */
type Key = string | number | readonly Key[];
type Row = Readonly<Record<string, unknown>>;

/** One object store: rows by their primary key. */
export class MemoryStore {
  readonly name: string;
  readonly rows = new Map<string, Row>();
  readonly #primary: (row: Row) => Key | undefined;

  /** @param primary a key path as Dexie writes it: `id`, `n` or `[table+id]` */
  constructor(name: string, primary: string) {
    this.name = name;
    this.#primary = keyPath(primary);
  }

  keyOf(row: Row): string {
    const key = this.#primary(row);
    if (key === undefined) throw new TypeError(`${this.name}: a row without its key`);
    return keyText(key);
  }

  primaryKey(row: Row): Key {
    return this.#primary(row) as Key;
  }

  /** Rows in the order of the primary key, as IndexedDB gives them. */
  inOrder(): Row[] {
    return [...this.rows.values()].sort((a, b) => compareKeys(this.primaryKey(a), this.primaryKey(b)));
  }
}

export const keyText = (key: unknown): string => JSON.stringify(key);

const paths = new Map<string, (row: Row) => Key | undefined>();

/** Reads a key path; a compound one is undefined when any part is missing, as an index leaves such rows out. */
function keyPath(path: string): (row: Row) => Key | undefined {
  const known = paths.get(path);
  if (known !== undefined) return known;
  const parts = (path.startsWith('[') ? path.slice(1, -1) : path).split('+').map((part) => part.split('.'));
  const read = (row: Row, steps: readonly string[]): Key | undefined =>
    steps.reduce<unknown>((value, step) => (value as Row | undefined)?.[step], row) as Key | undefined;
  const made = path.startsWith('[')
    ? (row: Row) => {
        const keys = parts.map((steps) => read(row, steps));
        return keys.includes(undefined) ? undefined : (keys as Key[]);
      }
    : (row: Row) => read(row, parts[0] ?? []);
  paths.set(path, made);
  return made;
}

/** IndexedDB's order: numbers, then text, then lists. */
function compareKeys(a: Key, b: Key): number {
  const [x, y] = [rank(a), rank(b)];
  if (x !== y) return x - y;
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let at = 0; at < Math.min(a.length, b.length); at++) {
      const order = compareKeys(a[at] as Key, b[at] as Key);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
const rank = (key: Key): number => (typeof key === 'number' ? 0 : typeof key === 'string' ? 1 : 2);

/** Does one operation, or never answers: the process may be killed before any of them. */
export type Operate = <T>(work: () => T) => Promise<T>;
/** Tells a change before it is made. */
export type Changes = (store: MemoryStore, key: string, before: Row | undefined, after: Row | undefined) => void;

interface Found {
  readonly row: Row;
  readonly key: Key;
}

/** The part of Dexie's Collection that the local database uses. */
class MemoryCollection {
  readonly #table: MemoryTable;
  readonly #find: () => Found[];

  constructor(table: MemoryTable, find: () => Found[]) {
    this.#table = table;
    this.#find = find;
  }

  #derive(change: (found: Found[]) => Found[]): MemoryCollection {
    return new MemoryCollection(this.#table, () => change(this.#find()));
  }
  #rows(): Row[] {
    return this.#find().map(({ row }) => row);
  }

  limit(count: number): MemoryCollection {
    return this.#derive((found) => found.slice(0, count));
  }
  reverse(): MemoryCollection {
    return this.#derive((found) => found.reverse());
  }
  filter(keep: (row: Row) => boolean): MemoryCollection {
    return this.#derive((found) => found.filter(({ row }) => keep(row)));
  }
  distinct(): MemoryCollection {
    return this.#derive((found) => [...new Map(found.map((one) => [this.#table.store.keyOf(one.row), one])).values()]);
  }
  toArray(): Promise<Row[]> {
    return this.#table.operate(() => this.#rows());
  }
  first(): Promise<Row | undefined> {
    return this.#table.operate(() => this.#rows()[0]);
  }
  count(): Promise<number> {
    return this.#table.operate(() => this.#rows().length);
  }
  primaryKeys(): Promise<Key[]> {
    return this.#table.operate(() => this.#rows().map((row) => this.#table.store.primaryKey(row)));
  }
  sortBy(path: string): Promise<Row[]> {
    const key = keyPath(path);
    return this.#table.operate(() => this.#rows().sort((a, b) => compareKeys(key(a) as Key, key(b) as Key)));
  }
  delete(): Promise<void> {
    return this.#table.operate(() => {
      for (const row of this.#rows()) this.#table.change(this.#table.store.keyOf(row), undefined);
    });
  }
}

/** The part of Dexie's Table that the local database uses. Rows are never changed in place, so none is copied. */
export class MemoryTable {
  readonly store: MemoryStore;
  readonly operate: Operate;
  readonly #changes: Changes;

  constructor(store: MemoryStore, operate: Operate, changes: Changes) {
    this.store = store;
    this.operate = operate;
    this.#changes = changes;
  }

  change(key: string, after: Row | undefined): void {
    this.#changes(this.store, key, this.store.rows.get(key), after);
    if (after === undefined) this.store.rows.delete(key);
    else this.store.rows.set(key, after);
  }

  get(key: Key): Promise<Row | undefined> {
    return this.operate(() => this.store.rows.get(keyText(key)));
  }
  bulkGet(keys: readonly Key[]): Promise<(Row | undefined)[]> {
    return this.operate(() => keys.map((key) => this.store.rows.get(keyText(key))));
  }
  put(row: Row): Promise<void> {
    return this.operate(() => this.change(this.store.keyOf(row), row));
  }
  add(row: Row): Promise<void> {
    return this.operate(() => {
      if (this.store.rows.has(this.store.keyOf(row))) throw new Error(`${this.store.name}: the key is taken`);
      this.change(this.store.keyOf(row), row);
    });
  }
  bulkPut(rows: readonly Row[]): Promise<void> {
    return this.operate(() => {
      for (const row of rows) this.change(this.store.keyOf(row), row);
    });
  }
  delete(key: Key): Promise<void> {
    return this.operate(() => this.change(keyText(key), undefined));
  }
  bulkDelete(keys: readonly Key[]): Promise<void> {
    return this.operate(() => {
      for (const key of keys) this.change(keyText(key), undefined);
    });
  }
  clear(): Promise<void> {
    return this.operate(() => {
      for (const key of [...this.store.rows.keys()]) this.change(key, undefined);
    });
  }

  toCollection(): MemoryCollection {
    return new MemoryCollection(this, () =>
      this.store.inOrder().map((row) => ({ row, key: this.store.primaryKey(row) })),
    );
  }
  toArray(): Promise<Row[]> {
    return this.toCollection().toArray();
  }
  count(): Promise<number> {
    return this.operate(() => this.store.rows.size);
  }
  limit(count: number): MemoryCollection {
    return this.toCollection().limit(count);
  }
  filter(keep: (row: Row) => boolean): MemoryCollection {
    return this.toCollection().filter(keep);
  }
  orderBy(path: string): MemoryCollection {
    return this.#matching(path, () => true);
  }
  where(path: string) {
    return {
      equals: (value: Key) => this.#matching(path, (key) => compareKeys(key, value) === 0),
      anyOf: (values: readonly Key[]) => {
        const wanted = new Set(values.map(keyText));
        return this.#matching(path, (key) => wanted.has(keyText(key)));
      },
      between: (lower: Key, upper: Key, withLower = true, withUpper = false) =>
        this.#matching(path, (key) => {
          const [low, high] = [compareKeys(key, lower), compareKeys(key, upper)];
          return (low > 0 || (withLower && low === 0)) && (high < 0 || (withUpper && high === 0));
        }),
    };
  }

  /** Rows whose index key fits, in the order of the index. A list under a plain path is an index with many entries. */
  #matching(path: string, fits: (key: Key) => boolean): MemoryCollection {
    const keyOf = keyPath(path);
    return new MemoryCollection(this, () => {
      const found: Found[] = [];
      for (const row of this.store.rows.values()) {
        const key = keyOf(row);
        if (key === undefined || key === null) continue;
        const keys = Array.isArray(key) && !path.startsWith('[') ? (key as readonly Key[]) : [key];
        for (const one of keys) if (fits(one)) found.push({ row, key: one });
      }
      return found.sort(
        (a, b) => compareKeys(a.key, b.key) || compareKeys(this.store.primaryKey(a.row), this.store.primaryKey(b.row)),
      );
    });
  }
}
