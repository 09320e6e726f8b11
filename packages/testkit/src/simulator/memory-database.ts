import { type Database, Stores } from '@manara/local-db/database';
import { storesOf } from '@manara/local-db/schema';
import type { LocalSeams } from '@manara/local-db/seams';
import type { TableDef } from '@manara/sync-core/define-table';
import { MemoryStore, MemoryTable, type Operate } from './memory-store.ts';

type Row = Readonly<Record<string, unknown>>;

/** What one transaction changed: rows before and after, by store and key. */
export interface Commit {
  readonly changes: readonly {
    readonly store: string;
    readonly before: Row | undefined;
    readonly after: Row | undefined;
  }[];
}

/** What stays when the process dies. */
export class Disk {
  readonly stores = new Map<string, MemoryStore>();
  onCommit: (commit: Commit) => void = () => undefined;

  constructor(tables: readonly TableDef[]) {
    for (const [name, spec] of Object.entries(storesOf(tables))) {
      this.stores.set(name, new MemoryStore(name, spec.split(',')[0]?.trim() ?? ''));
    }
  }

  rows(name: string): Row[] {
    return this.store(name).inOrder();
  }
  store(name: string): MemoryStore {
    const store = this.stores.get(name);
    if (store === undefined) throw new Error(`there is no store ${name}`);
    return store;
  }
}

/** One run of the app on a device: from its start until it is killed. */
export class Session {
  alive = true;
  /** operations on the disk until it is killed in the midst of its work; null: not yet known */
  killIn: number | null = null;
  onKilled: () => void = () => undefined;
  /** undoes what an unfinished transaction did */
  rollback: () => void = () => undefined;

  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.rollback();
    this.onKilled();
  }

  /** Whoever is dead waits for ever. */
  readonly operate: Operate = <T>(work: () => T): Promise<T> => {
    if (this.killIn !== null && this.alive && --this.killIn < 0) this.kill();
    if (!this.alive) return new Promise<never>(() => undefined);
    return new Promise((resolve) => resolve(work()));
  };
}

/** The stores of one transaction, or of none. */
class Scope {
  readonly changes: { store: MemoryStore; key: string; before: Row | undefined; after: Row | undefined }[] = [];
  readonly #disk: Disk;
  readonly #session: Session;
  readonly #names: ReadonlySet<string> | null;
  readonly #mayWrite: boolean;
  readonly #tables = new Map<string, MemoryTable>();

  constructor(disk: Disk, session: Session, names: ReadonlySet<string> | null, mayWrite: boolean) {
    this.#disk = disk;
    this.#session = session;
    this.#names = names;
    this.#mayWrite = mayWrite;
  }

  table(name: string): MemoryTable {
    // as Dexie does: a transaction that forgot to name a store is a bug, whatever it does there
    if (this.#names !== null && !this.#names.has(name)) throw new Error(`${name} is not part of this transaction`);
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const table = new MemoryTable(this.#disk.store(name), this.#session.operate, (store, key, before, after) => {
      if (!this.#mayWrite) throw new Error(`${name} is only read in this transaction`);
      this.changes.push({ store, key, before, after });
    });
    this.#tables.set(name, table);
    return table;
  }

  rollback(): void {
    for (const { store, key, before } of this.changes.reverse()) {
      if (before === undefined) store.rows.delete(key);
      else store.rows.set(key, before);
    }
    this.changes.length = 0;
  }

  commit(): Commit {
    return { changes: this.changes.map(({ store, before, after }) => ({ store: store.name, before, after })) };
  }
}

/**
 * The local database's own code on memory: it gets stores that behave as Dexie's do, in transactions that run one after
 * another, and may die between any two operations.
 */
class MemoryDatabase extends Stores {
  readonly dexie: { readonly name: string };
  readonly #disk: Disk;
  readonly #session: Session;
  #last: Promise<unknown> = Promise.resolve();

  constructor(disk: Disk, session: Session, tables: readonly TableDef[], seams: LocalSeams) {
    super(sourceOf(new Scope(disk, session, null, false)), tables, seams);
    this.dexie = { name: 'simulated' };
    this.#disk = disk;
    this.#session = session;
  }

  write<T>(names: readonly string[], run: (stores: Stores) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#transact(names, run, true));
  }
  read<T>(names: readonly string[], run: (stores: Stores) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#transact(names, run, false));
  }
  close(): void {
    this.#session.kill();
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(run, run);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #transact<T>(names: readonly string[], run: (stores: Stores) => Promise<T>, mayWrite: boolean): Promise<T> {
    const scope = new Scope(this.#disk, this.#session, new Set(names), mayWrite);
    this.#session.rollback = () => scope.rollback();
    try {
      const result = await run(new Stores(sourceOf(scope), this.tables, this.seams));
      // the commit itself is one more moment at which it may die
      await this.#session.operate(() => undefined);
      this.#session.rollback = () => undefined;
      if (scope.changes.length > 0) this.#disk.onCommit(scope.commit());
      return result;
    } catch (error) {
      if (this.#session.alive) scope.rollback();
      this.#session.rollback = () => undefined;
      throw error;
    }
  }
}

type StoresSource = ConstructorParameters<typeof Stores>[0];

// Dexie's types know far more than the local database uses of it; what is used and missing here fails at once.
const sourceOf = (scope: Scope): StoresSource => scope as unknown as StoresSource;

export const openMemoryDatabase = (
  disk: Disk,
  session: Session,
  tables: readonly TableDef[],
  seams: LocalSeams,
): Database => new MemoryDatabase(disk, session, tables, seams) as unknown as Database;
