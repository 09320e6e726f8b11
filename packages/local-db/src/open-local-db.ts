import type { Result } from '@manara/kernel/result';
import type { Proposal } from '@manara/shared-ai/proposal';
import type { Tool } from '@manara/shared-ai/tool';
import type { Actor } from '@manara/sync-core/actor';
import type { TableDef } from '@manara/sync-core/define-table';
import { touchKey } from '@manara/sync-core/outbox';
import type { RowReader } from '@manara/sync-core/reader';
import { ACCEPTED, type Cells } from '@manara/sync-core/record';
import type { Write } from '@manara/sync-core/write';
import type { WriteRefused } from './check-write.ts';
import { Database, type FaultListener, type RefusedRow, type Stores } from './database.ts';
import { DexieReader } from './dexie-reader.ts';
import { dropRefused } from './drop-refused.ts';
import type { Notice } from './notices.ts';
import { waitingOps } from './outbox-rows.ts';
import { type CursorRow, FIRST_CURSOR, firstReplica, type Origin, type Replica, type SchemaRow } from './replica.ts';
import type { ReviewRow } from './review.ts';
import { cellsOf, storedRow } from './row.ts';
import { schemaHash } from './schema.ts';
import type { LocalSeams } from './seams.ts';
import { Stager } from './stager.ts';
import { reading } from './unreadable-store.ts';
import { writeRecords } from './write-door.ts';

export interface LocalDbOptions {
  /** one per account on a device, and one for the guest */
  readonly name: string;
  readonly tables: readonly TableDef[];
  /** for the derived proposals */
  readonly tools: ReadonlyMap<string, Tool>;
  /** what a new database starts as; one that exists keeps what it has */
  readonly origin: Origin;
  readonly seams: LocalSeams;
  readonly onFault?: FaultListener;
}

/** Which proposals, by an index of `PROPOSAL_INDEXES`; compound ones as `[a+b]` with a list. */
export interface ProposalQuery {
  readonly by?: string;
  readonly equals?: string | readonly string[];
  readonly anyOf?: readonly string[];
  readonly limit?: number;
}

/** One local copy of a space. */
export class LocalDb {
  readonly database: Database;
  readonly stager: Stager;
  readonly reader: RowReader;
  #replica: Replica;

  constructor(database: Database, stager: Stager, replica: Replica) {
    this.database = database;
    this.stager = stager;
    this.reader = new DexieReader(database);
    this.#replica = replica;
  }

  get name(): string {
    return this.database.dexie.name;
  }
  get kind(): 'guest' | 'account' {
    return this.#replica.kind;
  }
  get space(): string {
    return this.#replica.space;
  }
  /** This installation's id. Changes when the server finds that the profile was restored or cloned. */
  get clientId(): string {
    return this.#replica.clock.node;
  }

  /** ms since 1970 of the last time that this copy was brought up to the server's, as known on opening */
  get pulledAt(): number | null {
    return this.#replica.pulledAt;
  }

  /** Told by what changes the replica row, and on opening. */
  remember(replica: Replica): void {
    this.#replica = replica;
  }

  /**
   * THE write door. All of `writes` are stored, stamped and queued in one transaction and travel as one op group, or
   * nothing is written and the reason is returned.
   */
  write(actor: Actor, writes: readonly Write[]): Promise<Result<void, WriteRefused>> {
    return writeRecords(this.database, this.stager, actor, writes);
  }

  /** A record's cells with stamp and actor per field; undefined for an unknown record or table. */
  async cells(table: string, id: string): Promise<Cells | undefined> {
    if (!this.database.byName.has(table)) return undefined;
    const row = await this.database.rows(table).get(id);
    return row === undefined ? undefined : cellsOf(row);
  }

  async proposal(id: string): Promise<Proposal | undefined> {
    return reading('$proposals', () => this.database.proposals.get(id));
  }

  /** Without `by`: every proposal, by id. */
  async proposals(query: ProposalQuery = {}): Promise<Proposal[]> {
    const { by = 'id', equals, anyOf, limit = Number.POSITIVE_INFINITY } = query;
    const where = this.database.proposals.where(by);
    const range = equals !== undefined ? where.equals(equals) : where.anyOf([...(anyOf ?? [])]);
    const all = equals === undefined && anyOf === undefined ? this.database.proposals.toCollection() : range;
    return reading('$proposals', () =>
      limit === Number.POSITIVE_INFINITY ? all.toArray() : all.limit(limit).toArray(),
    );
  }

  /** Losing texts of conflicts, the latest first. */
  async notices(): Promise<Notice[]> {
    return this.database.notices.orderBy('at').reverse().limit(200).toArray();
  }
  async dismissNotice(id: string): Promise<void> {
    await this.database.notices.delete(id);
  }

  /** Changes that the server has not acknowledged. */
  async waiting(): Promise<number> {
    const batches = await this.database.batch.toArray();
    const frozen = batches.reduce((count, batch) => count + batch.entries.length, 0);
    return frozen + (await this.database.outbox.count());
  }

  /** Which of these records have a change that the server has not acknowledged. */
  async waitingIds(table: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const keyOf = (id: string): string => touchKey({ table, id });
    const ops = await waitingOps(this.database, ids.map(keyOf));
    return new Set(ids.filter((id) => ops.has(keyOf(id))));
  }

  /** Quarantine: changes that the server refused, with its reasons. */
  async refused(): Promise<RefusedRow[]> {
    return this.database.refused.orderBy('n').limit(500).toArray();
  }
  /** Lets a refused change go. The records hold the server's values already. */
  async discardRefused(n: number): Promise<void> {
    await this.database.refused.delete(n);
  }
  /** Writes a refused change again, as a new one. It leaves quarantine only when that was taken. */
  async retryRefused(n: number, actor: Actor): Promise<Result<void, WriteRefused>> {
    const refused = await this.database.refused.get(n);
    if (refused === undefined) return { ok: true, value: undefined };
    await dropRefused(this.database, this.stager, refused.ops);
    const writes = refused.ops.map((op): Write => {
      // a recovery's may hold what is the server's own
      const fields = Object.entries(op.fields ?? {}).filter(([field]) => field !== ACCEPTED);
      const set = Object.fromEntries(fields.map(([field, cell]) => [field, cell[0]]));
      const deleted = op.deleted ? { deleted: op.deleted[0] === true } : {};
      return { table: op.table, id: op.id, set, ...deleted, ...(op.actor.kind === 'ai' ? { actor: op.actor } : {}) };
    });
    const result = await this.write(actor, writes);
    if (result.ok) await this.discardRefused(n);
    return result;
  }

  /** What a restored server lacks and this device was away for too long to send unasked. */
  async review(): Promise<ReviewRow[]> {
    return this.database.review.limit(500).toArray();
  }
  async discardReview(id: string): Promise<void> {
    await this.database.review.delete(id);
  }
  /** Writes it again, as the person's own change. */
  async keepReview(id: string, actor: Actor): Promise<Result<void, WriteRefused>> {
    const row = await this.database.review.get(id);
    const { $deleted: deleted, [ACCEPTED]: _, ...set } = row?.values ?? {};
    const write: Write = {
      table: row?.table ?? '',
      id: row?.recordId ?? '',
      set,
      ...(deleted === undefined ? {} : { deleted: deleted === true }),
    };
    const result: Result<void, WriteRefused> = row ? await this.write(actor, [write]) : { ok: true, value: undefined };
    if (result.ok) await this.discardReview(id);
    return result;
  }

  close(): void {
    this.database.close();
  }
  /** Removes the whole copy from the device. */
  async delete(): Promise<void> {
    await this.database.delete();
  }
}

/** Opens, and where needed makes or upgrades, a local copy. */
export async function openLocalDb(options: LocalDbOptions): Promise<LocalDb> {
  const { name, tables, tools, origin, seams } = options;
  const onFault = options.onFault ?? (() => undefined);
  let database = await Database.open(name, tables, seams, onFault);
  if ((await database.replica())?.adopted) {
    // the sign-up that took everything over was cut off before it removed the guest's copy
    await database.delete();
    database = await Database.open(name, tables, seams, onFault);
  }
  const stager = new Stager(tools);
  return new LocalDb(database, stager, await prepare(database, stager, tools, origin));
}

async function prepare(
  database: Database,
  stager: Stager,
  tools: ReadonlyMap<string, Tool>,
  origin: Origin,
): Promise<Replica> {
  const schema: SchemaRow = {
    key: 'schema',
    hash: schemaHash(database.tables),
    tools: [...tools.values()].map((tool) => `${tool.name}@${tool.version}`).join(' '),
  };
  const known = (await database.state.get('schema')) as SchemaRow | undefined;
  const replica = await database.replica();
  const sameSchema = known?.hash === schema.hash && !(await hasKnownStrays(database));
  if (replica !== undefined && sameSchema && known?.tools === schema.tools) return replica;
  const names = [...database.tables.map((table) => table.name), '$strays', '$proposals', '$state'];
  return database.write(names, async (stores) => {
    const installed = await stores.replica();
    if (installed !== undefined && !sameSchema) await rekey(stores);
    if (installed !== undefined) await stager.restageAll(stores);
    const kept = installed ?? firstReplica(origin);
    const cursor = ((await stores.state.get('cursor')) as CursorRow | undefined) ?? FIRST_CURSOR;
    await stores.state.bulkPut([kept, cursor, schema]);
    return kept;
  });
}

/** Whether an older version, in a tab of its own, has put aside records of tables that this one knows. */
async function hasKnownStrays(database: Database): Promise<boolean> {
  if ((await database.strays.count()) === 0) return false;
  for (const { name } of database.tables) {
    if ((await strayOf(database, name).count()) > 0) return true;
  }
  return false;
}

const strayOf = (stores: Stores, table: string) =>
  stores.strays.where('[$table+id]').between([table, ''], [table, '\uffff']);

/** Gives every row the index keys of this version, and records of tables that are now known their place. */
async function rekey(stores: Stores): Promise<void> {
  for (const table of stores.tables) {
    const rows = stores.rows(table.name);
    for (const stray of await strayOf(stores, table.name).toArray()) {
      await rows.put(storedRow(table, stray.id, cellsOf(stray), stray.$seq));
      await stores.strays.delete([table.name, stray.id]);
    }
    await rows.toCollection().modify((row, ref) => {
      ref.value = storedRow(table, row.id, cellsOf(row), row.$seq);
    });
  }
}
