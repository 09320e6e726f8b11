import type { JsonValue } from '@manara/kernel/json';
import type { Actor } from '@manara/sync-core/actor';
import { type Clock, newClock, observe, tick } from '@manara/sync-core/clock';
import { type AnyRow, type RowOf, readRow, type TableDef } from '@manara/sync-core/define-table';
import { mergeCells } from '@manara/sync-core/merge';
import type { Query, RowReader } from '@manara/sync-core/reader';
import { ACCEPTED, type Cell, type Cells, DELETED } from '@manara/sync-core/record';
import { SERVER_NODE } from '@manara/sync-core/stamp';
import type { Write } from '@manara/sync-core/write';

/** One record's cells as a device queues them. */
export interface MemoryOp {
  readonly table: string;
  readonly id: string;
  readonly cells: Cells;
}
export type OpGroup = readonly MemoryOp[];

/** One replica of one space in memory: a reader of rows and cells, and a write door that stamps as a device does. */
export class MemorySpace implements RowReader {
  readonly records = new Map<string, Map<string, Cells>>();
  /** groups written here and not sent yet */
  readonly outbox: OpGroup[] = [];
  #clock: Clock;
  readonly #tables: ReadonlyMap<string, TableDef>;

  constructor(tables: Iterable<TableDef>, node: string) {
    this.#tables = new Map([...tables].map((table) => [table.name, table]));
    this.#clock = newClock(node);
  }

  get node(): string {
    return this.#clock.node;
  }

  /** One op group. */
  write(writes: readonly Write[], actor: Actor, nowMs: number): OpGroup {
    const ops = writes.map((write): MemoryOp => {
      const values = { ...write.set, ...(write.deleted === undefined ? {} : { [DELETED]: write.deleted }) };
      const cells: Record<string, Cell> = {};
      for (const [field, value] of Object.entries(values)) {
        const given = write.stamps?.[field];
        const ticked = tick(this.#clock, nowMs);
        if (given === undefined) this.#clock = ticked.clock;
        cells[field] = { value, stamp: given ?? ticked.stamp, actor: write.actor ?? actor };
      }
      return { table: write.table, id: write.id, cells };
    });
    this.merge(ops);
    this.outbox.push(ops);
    return ops;
  }

  /** Merges ops as copies merge, or as a client takes the server's. */
  merge(ops: OpGroup, tie: 'copies' | 'incoming' = 'copies'): void {
    for (const { table, id, cells } of ops) {
      const ofTable = this.records.get(table) ?? new Map<string, Cells>();
      this.records.set(table, ofTable);
      ofTable.set(id, mergeCells(ofTable.get(id) ?? {}, cells, tie).cells);
      for (const cell of Object.values(cells)) this.#clock = observe(this.#clock, cell.stamp);
    }
  }

  /** Replaces a record whole, as after a refusal. */
  replace(table: string, id: string, cells: Cells | undefined): void {
    if (cells === undefined) this.records.get(table)?.delete(id);
    else this.merge([{ table, id, cells: {} }]);
    if (cells !== undefined) this.records.get(table)?.set(id, cells);
  }

  async cells(table: string, id: string): Promise<Cells | undefined> {
    return this.records.get(table)?.get(id);
  }

  async get<T extends TableDef>(table: T, id: string): Promise<RowOf<T> | undefined> {
    const cells = this.records.get(table.name)?.get(id);
    return cells === undefined ? undefined : readRow(table, id, cells);
  }

  async list<T extends TableDef>(table: T, query: Query = {}): Promise<RowOf<T>[]> {
    const rows = [...(this.records.get(table.name) ?? [])].map(([id, cells]) => readRow(table, id, cells) as AnyRow);
    const kept = rows.filter((row) => (query.withDeleted || !row.deleted) && matches(row, query));
    kept.sort((a, b) => order(keyOf(a, query), keyOf(b, query)) || (a.id < b.id ? -1 : 1));
    if (query.reverse) kept.reverse();
    return kept.slice(0, query.limit ?? kept.length) as unknown as RowOf<T>[];
  }

  async count<T extends TableDef>(table: T, query: Query = {}): Promise<number> {
    return (await this.list(table, query)).length;
  }

  /** The state as plain text values, to compare replicas. */
  snapshot(): string {
    const all = [...this.records].flatMap(([table, rows]) =>
      [...rows].map(([id, cells]) => [`${table}|${id}`, sorted(cells)] as const),
    );
    return JSON.stringify(
      all.sort(([a], [b]) => (a < b ? -1 : 1)),
      null,
      1,
    );
  }

  knows(table: string): TableDef | undefined {
    return this.#tables.get(table);
  }
}

const sorted = (cells: Cells) =>
  Object.entries(cells)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([field, cell]) => [field, cell.value, cell.stamp]);

function keyOf(row: AnyRow, query: Query): JsonValue {
  const { by } = query;
  if (by === undefined) return null;
  if (!by.startsWith('[')) return row[by] ?? null;
  return by
    .slice(1, -1)
    .split('+')
    .map((field) => row[field] ?? null);
}

function order(a: JsonValue, b: JsonValue): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (const [index, part] of a.entries()) {
      const other: JsonValue | undefined = b[index];
      const found = other === undefined ? 0 : order(part as JsonValue, other);
      if (found !== 0) return found;
    }
    return 0;
  }
  const [x, y] = [JSON.stringify(a), JSON.stringify(b)];
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return x < y ? -1 : x > y ? 1 : 0;
}

function matches(row: AnyRow, query: Query): boolean {
  if (query.by === undefined) return true;
  const key = keyOf(row, query);
  if (key === null) return query.equals === null;
  if (query.equals !== undefined && order(key, query.equals) !== 0) return false;
  if (query.anyOf !== undefined && !query.anyOf.some((one) => order(key, one) === 0)) return false;
  return (
    (query.from === undefined || order(key, query.from) >= 0) && (query.to === undefined || order(key, query.to) <= 0)
  );
}

/**
 * The server's part of sync, as much of it as pure code can be held against: groups accepted whole or refused whole,
 * `taken` for write-once fields, `immutable` and `accepted` for insert-only tables.
 */
export class MemoryServer {
  readonly space: MemorySpace;
  #accepted = 0;

  constructor(tables: readonly TableDef[]) {
    this.space = new MemorySpace(tables, SERVER_NODE);
  }

  /** @returns why the group was refused, or null */
  push(group: OpGroup, nowMs: number): 'taken' | 'immutable' | null {
    for (const op of group) {
      const table = this.space.knows(op.table);
      const stored = this.space.records.get(op.table)?.get(op.id);
      if (table === undefined || stored === undefined) continue;
      const differs = (field: string) => {
        const [mine, theirs] = [stored[field], op.cells[field]];
        return (
          mine !== undefined && theirs !== undefined && JSON.stringify(mine.value) !== JSON.stringify(theirs.value)
        );
      };
      if (table.insertOnly && Object.keys(op.cells).some((field) => stored[field]?.stamp !== op.cells[field]?.stamp))
        return 'immutable';
      if (table.writeOnce.some(differs)) return 'taken';
    }
    for (const op of group) {
      const table = this.space.knows(op.table);
      const known = this.space.records.get(op.table)?.has(op.id) ?? false;
      const cells: Record<string, Cell> = { ...op.cells };
      if (table?.insertOnly && !known) {
        this.#accepted += 1;
        const stamp = `${Math.floor(nowMs).toString(16).padStart(12, '0')}-${this.#accepted.toString(16).padStart(4, '0')}-${SERVER_NODE}`;
        cells[ACCEPTED] = { value: stamp, stamp };
      }
      this.space.merge([{ ...op, cells }]);
    }
    return null;
  }

  /** Pushes a device's outbox and pulls everything; a refused group is dropped and its records become the server's. */
  sync(device: MemorySpace, nowMs: number): readonly string[] {
    const refused: string[] = [];
    for (const group of device.outbox.splice(0)) {
      const code = this.push(group, nowMs);
      if (code === null) continue;
      refused.push(code);
      for (const { table, id } of group) device.replace(table, id, this.space.records.get(table)?.get(id));
    }
    for (const [table, rows] of this.space.records) {
      for (const [id, cells] of rows) device.merge([{ table, id, cells }], 'incoming');
    }
    return refused;
  }
}
