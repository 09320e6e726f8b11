import { backoffMs } from '@manara/kernel/backoff';
import type { Proposal } from '@manara/shared-ai/proposal';
import type { TableDef } from '@manara/sync-core/define-table';
import type { FrozenBatch, OutboxEntry, Refused, Repair } from '@manara/sync-core/outbox';
import { Dexie, type DexieOptions, type Table, type Transaction } from 'dexie';
import type { Notice } from './notices.ts';
import type { CursorRow, Replica, SchemaRow } from './replica.ts';
import type { ReviewRow } from './review.ts';
import type { StoredRow } from './row.ts';
import { planVersion, storesOf } from './schema.ts';
import type { LocalSeams } from './seams.ts';

/** An entry with the `table|id` of what it touches, for the index. */
export interface OutboxRow extends OutboxEntry {
  readonly keys: readonly string[];
}

/** A group in quarantine, with when it was refused: ms since 1970. */
export interface RefusedRow extends Refused {
  readonly at: number;
}

/** A record of a table that this version does not know: kept, merged and counted like any other, shown by a later one. */
export interface StrayRow extends StoredRow {
  readonly $table: string;
}

/** A record that an unfinished reset or recovery has seen, with the fields that the server lacks. */
export interface MarkRow {
  readonly table: string;
  readonly id: string;
  readonly surplus: readonly string[];
}

/** What a person must be told about the database itself. */
export type DatabaseFault =
  /** another tab runs a newer version and needs this one to let go: reload */
  | 'outdated'
  /** this version must upgrade the database and another tab holds it: close the other tab */
  | 'blocked'
  /** the browser closed the connection; it is being opened again */
  | 'lost';

/** Told of a fault, and with null when it is over. */
export type FaultListener = (fault: DatabaseFault | null) => void;

const REOPEN_ATTEMPTS_MAX = 6;
/** What a connection that the browser has dropped answers with; the transaction did not commit. */
const LOST = new Set(['DatabaseClosedError', 'InvalidStateError', 'UnknownError', 'OpenFailedError']);

const names = (error: unknown): string[] => {
  const found: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current instanceof Object; depth++) {
    const { name, inner, cause } = current as { name?: unknown; inner?: unknown; cause?: unknown };
    if (typeof name === 'string') found.push(name);
    current = inner ?? cause;
  }
  return found;
};

/** Whether the device has no room left. */
export const isQuotaFault = (error: unknown): boolean => names(error).includes('QuotaExceededError');

/**
 * The stores with their types, all of one transaction or of the database at large. Inside a transaction only its own may
 * be used: bound ones stay in it through any chain of awaits, where Dexie's ambient transaction can get lost.
 */
export class Stores {
  readonly tables: readonly TableDef[];
  readonly byName: ReadonlyMap<string, TableDef>;
  readonly seams: LocalSeams;
  readonly #source: Pick<Dexie, 'table'>;

  constructor(source: Pick<Dexie, 'table'>, tables: readonly TableDef[], seams: LocalSeams) {
    this.#source = source;
    this.tables = tables;
    this.byName = new Map(tables.map((table) => [table.name, table]));
    this.seams = seams;
  }

  rows(table: string): Table<StoredRow, string> {
    return this.#source.table(table);
  }
  get outbox(): Table<OutboxRow, number> {
    return this.#source.table('$outbox');
  }
  get batch(): Table<FrozenBatch, number> {
    return this.#source.table('$batch');
  }
  get refused(): Table<RefusedRow, number> {
    return this.#source.table('$refused');
  }
  get repairs(): Table<Repair, [string, string]> {
    return this.#source.table('$repairs');
  }
  get marks(): Table<MarkRow, [string, string]> {
    return this.#source.table('$marks');
  }
  get strays(): Table<StrayRow, [string, string]> {
    return this.#source.table('$strays');
  }
  get review(): Table<ReviewRow, string> {
    return this.#source.table('$review');
  }
  get notices(): Table<Notice, string> {
    return this.#source.table('$notices');
  }
  get proposals(): Table<Proposal, string> {
    return this.#source.table('$proposals');
  }
  get state(): Table<Replica | CursorRow | SchemaRow, string> {
    return this.#source.table('$state');
  }

  async replica(): Promise<Replica> {
    return (await this.state.get('replica')) as Replica;
  }
  async cursor(): Promise<CursorRow> {
    return (await this.state.get('cursor')) as CursorRow;
  }
}

/** The Dexie database with its stores typed, its version derived and its faults handled. */
export class Database extends Stores {
  readonly dexie: Dexie;
  readonly #fault: FaultListener;
  #closed = false;
  #outdated = false;

  private constructor(dexie: Dexie, tables: readonly TableDef[], seams: LocalSeams, fault: FaultListener) {
    super(dexie, tables, seams);
    this.dexie = dexie;
    this.#fault = fault;
  }

  static async open(
    name: string,
    tables: readonly TableDef[],
    seams: LocalSeams,
    fault: FaultListener,
  ): Promise<Database> {
    const { version, stores } = planVersion(await installedStores(name, seams), storesOf(tables));
    const dexie = new Dexie(name, dexieOptions(seams));
    dexie.version(version).stores(stores);
    const database = new Database(dexie, tables, seams, fault);
    dexie.on('versionchange', () => {
      // letting go at once is what allows the other tab's upgrade; what is written here later is refused, not lost silently
      database.#outdated = true;
      dexie.close({ disableAutoOpen: true });
      fault('outdated');
      // Dexie's own handler, which comes next, would let the next query open the newer database with the old tables.
      return false;
    });
    let blocked = false;
    dexie.on('blocked', () => {
      blocked = true;
      fault('blocked');
    });
    await dexie.open();
    if (blocked) fault(null);
    return database;
  }

  /** Another tab upgraded the database: this version writes no more. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /**
   * The one door to a read-write transaction. `stores` are names; nothing but Dexie may be awaited inside. A connection
   * that the browser dropped (on resume from sleep, say) is opened again with back-off and the whole runs again: it had
   * not committed. Other faults are thrown.
   */
  async write<T>(stores: readonly string[], run: (stores: Stores) => Promise<T>): Promise<T> {
    return this.#reopening(() =>
      this.dexie.transaction('rw', [...new Set(stores)], async (tx) => run(this.#bound(tx))),
    );
  }

  /** The same for reading a consistent state of several stores. */
  async read<T>(stores: readonly string[], run: (stores: Stores) => Promise<T>): Promise<T> {
    return this.#reopening(() => this.dexie.transaction('r', [...new Set(stores)], async (tx) => run(this.#bound(tx))));
  }

  #bound(transaction: Transaction): Stores {
    return new Stores(transaction as unknown as Pick<Dexie, 'table'>, this.tables, this.seams);
  }

  async #reopening<T>(run: () => PromiseLike<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      if (this.#outdated) throw new DOMException('another tab runs a newer version', 'InvalidStateError');
      try {
        const result = await run();
        if (attempt > 0) this.#fault(null);
        return result;
      } catch (error) {
        const lost = names(error).some((name) => LOST.has(name)) && !isQuotaFault(error);
        if (!lost || this.#closed || this.#outdated || attempt >= REOPEN_ATTEMPTS_MAX) throw error;
        this.#fault('lost');
        await this.seams.sleep(backoffMs(attempt, this.seams.random(), 50, 2000));
        if (!this.dexie.isOpen()) await this.dexie.open().catch(() => undefined);
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.dexie.close();
  }

  async delete(): Promise<void> {
    this.#closed = true;
    await this.dexie.delete();
  }
}

function dexieOptions(seams: LocalSeams): DexieOptions {
  return {
    ...(seams.indexedDB ? { indexedDB: seams.indexedDB } : {}),
    ...(seams.IDBKeyRange ? { IDBKeyRange: seams.IDBKeyRange } : {}),
  };
}

/** What lies on the disk, or null when there is no such database. */
async function installedStores(
  name: string,
  seams: LocalSeams,
): Promise<{ version: number; stores: Record<string, string> } | null> {
  const probe = new Dexie(name, dexieOptions(seams));
  try {
    await probe.open();
    const stores = probe.tables.map(({ name: store, schema }) => [
      store,
      [schema.primKey.src, ...schema.indexes.map((index) => index.src)].join(', '),
    ]);
    return { version: probe.verno, stores: Object.fromEntries(stores) as Record<string, string> };
  } catch (error) {
    if (names(error).includes('NoSuchDatabaseError')) return null;
    throw error;
  } finally {
    probe.close();
  }
}
