import type {
  BatchReply,
  Counts,
  DigestScope,
  LocalDigest,
  PageReply,
  RepairRequest,
  ReplicaState,
  StoredBatch,
  SyncStore,
} from '@manara/sync-client/ports';
import { recordCells, repairedCells, type WireRecord } from '@manara/sync-core/apply';
import { EMPTY_DIGEST, recordDigest, xorDigest } from '@manara/sync-core/digest';
import { mergeCells } from '@manara/sync-core/merge';
import { batchOps, touchKey } from '@manara/sync-core/outbox';
import { ACCEPTED, type Cells } from '@manara/sync-core/record';
import { RECOVERY_REVIEW_MS, recoveryOps, surplusFields } from '@manara/sync-core/recovery';
import { stampNode } from '@manara/sync-core/stamp';
import type { Batch } from '@manara/sync-core/wire-op';
import { applyPage, thawBatch } from './apply-page.ts';
import type { Database } from './database.ts';
import { storeRecord } from './drop-refused.ts';
import { observe } from './observe.ts';
import type { LocalDb } from './open-local-db.ts';
import { outboxRow, waitingOps } from './outbox-rows.ts';
import { eachRecord, getRecords, recordStores } from './records.ts';
import { nextBatch, refuseBatch, renode, settleBatch } from './settle-batch.ts';
import type { Changed } from './stager.ts';

/** Ids asked for in one `get`. */
const GET_IDS_MAX = 500;

/** The store port of the sync engine over a local copy. */
export class DexieSyncStore implements SyncStore {
  readonly #db: LocalDb;
  readonly #database: Database;

  constructor(db: LocalDb) {
    this.#db = db;
    this.#database = db.database;
  }

  async replica(): Promise<ReplicaState> {
    return this.#database.read(['$state'], async (stores) => {
      const replica = await stores.replica();
      const cursor = await stores.cursor();
      this.#db.remember(replica);
      const { space, epoch } = replica;
      return { client: replica.clock.node, space, epoch, cursor: cursor.at };
    });
  }

  async counts(): Promise<Counts> {
    const waiting = await this.#db.waiting();
    return { waiting, refused: await this.#database.refused.count(), review: await this.#database.review.count() };
  }

  watch(listener: (counts: Counts) => void): () => void {
    const subscription = observe(() => this.counts()).subscribe({ next: listener, error: () => undefined });
    return () => subscription.unsubscribe();
  }

  async learnEpoch(epoch: string): Promise<void> {
    await this.#database.write(['$state'], async (stores) => {
      const replica = await stores.replica();
      if (replica.epoch === null) await stores.state.put({ ...replica, epoch });
    });
  }

  async nextBatch(): Promise<StoredBatch | null> {
    const frozen = await nextBatch(this.#database);
    if (frozen === null || frozen.replica.epoch === null) return null;
    const { seq, recovery } = frozen.batch;
    const batch: Batch = { seq, ops: batchOps(frozen.batch), ...(recovery ? { recovery } : {}) };
    return { client: frozen.replica.clock.node, epoch: frozen.replica.epoch, batch };
  }

  async settle(client: string, reply: BatchReply): Promise<void> {
    await settleBatch(this.#database, client, reply);
  }

  async refuseBatch(seq: number, code: string, message: string): Promise<void> {
    await refuseBatch(this.#database, seq, code, message);
  }

  async renode(seq: number): Promise<void> {
    this.#db.remember(await renode(this.#database, seq));
  }

  async applyPage(page: PageReply, epoch: string): Promise<{ ok: true } | { ok: false; error: string }> {
    const fault = await applyPage(this.#database, this.#db.stager, page, epoch);
    return fault === null ? { ok: true } : { ok: false, error: fault };
  }

  async beginRecovery(acked: number | null): Promise<void> {
    await this.#database.write(['$outbox', '$batch', '$marks', '$state'], async (stores) => {
      const replica = await stores.replica();
      const cursor = await stores.cursor();
      const away = replica.pulledAt !== null && this.#database.seams.nowMs() - replica.pulledAt > RECOVERY_REVIEW_MS;
      await thawBatch(stores);
      await stores.marks.clear();
      await stores.state.bulkPut([
        { ...replica, acked: acked ?? replica.acked, atMost: null },
        { ...cursor, at: 0, mode: 'recover', complete: false, review: away },
      ]);
    });
  }

  async repairs(): Promise<readonly RepairRequest[]> {
    const repairs = await this.#database.repairs.limit(GET_IDS_MAX).toArray();
    const byTable = Map.groupBy(repairs, (repair) => repair.table);
    return [...byTable].map(([table, of]) => ({
      space: of[0]?.space ?? '',
      table,
      ids: of.map((repair) => repair.id),
    }));
  }

  async repair({ table, ids }: RepairRequest, records: readonly WireRecord[]): Promise<void> {
    const database = this.#database;
    const sent = new Map(records.map((record) => [record.id, record]));
    await database.write([...recordStores(database), '$repairs', '$proposals', '$state'], async (stores) => {
      const stored = await getRecords(
        stores,
        ids.map((id) => ({ table, id })),
      );
      const changed: Changed[] = [];
      for (const id of ids) {
        const repair = await stores.repairs.get([table, id]);
        const local = stored.get(touchKey({ table, id }));
        const record = sent.get(id);
        await stores.repairs.delete([table, id]);
        if (repair === undefined) continue;
        const cells = repairedCells(local?.cells ?? {}, record ? recordCells(record) : {}, repair.fields);
        changed.push(await storeRecord(stores, { table, id, cells, seq: record?.seq ?? 0 }, local?.cells ?? {}));
      }
      await this.#db.stager.restage(stores, changed);
    });
  }

  async digest(head: number, { table, prefix }: DigestScope): Promise<LocalDigest | null> {
    const database = this.#database;
    const names = [...recordStores(database), '$outbox', '$batch', '$repairs', '$state'];
    return database.read(names, async (stores) => {
      const cursor = await stores.cursor();
      const busy = (await stores.outbox.count()) + (await stores.batch.count()) + (await stores.repairs.count());
      if (busy > 0 || cursor.at !== head || cursor.mode !== 'follow') return null;
      let digest = EMPTY_DIGEST;
      const parts: Record<string, string> = {};
      for (const record of await eachRecord(stores)) {
        if ((table !== undefined && record.table !== table) || !record.id.startsWith(prefix ?? '')) continue;
        const part = table === undefined ? record.table : prefix === undefined ? record.id.slice(0, 2) : record.id;
        const one = recordDigest(record.table, record.id, record.cells);
        digest = xorDigest(digest, one);
        parts[part] = xorDigest(parts[part] ?? EMPTY_DIGEST, one);
      }
      return { digest, parts };
    });
  }

  async mend(table: string, ids: readonly string[], records: readonly WireRecord[]): Promise<void> {
    const database = this.#database;
    const sent = new Map(records.map((record) => [record.id, record]));
    const names = [...recordStores(database), '$outbox', '$batch', '$proposals', '$state'];
    await database.write(names, async (stores) => {
      const replica = await stores.replica();
      const keys = ids.map((id) => ({ table, id }));
      const stored = await getRecords(stores, keys);
      const waiting = await waitingOps(stores, keys.map(touchKey));
      const changed: Changed[] = [];
      let next = replica.next;
      for (const key of keys) {
        // written since the comparison: it will be settled in the ordinary way
        if (waiting.has(touchKey(key))) continue;
        const record = sent.get(key.id);
        const server: Cells = record ? recordCells(record) : {};
        const local: Cells = stored.get(touchKey(key))?.cells ?? {};
        const own = surplusFields(local, server).filter((field) => isOwn(local, field, replica.clock.node));
        const kept = Object.fromEntries(own.map((field) => [field, local[field] as Cells[string]]));
        const ops = recoveryOps({ space: replica.space, ...key }, local, own, new Set(), UNKNOWN);
        for (const op of ops) await stores.outbox.add(outboxRow({ n: next++, ops: [op] }));
        const cells = mergeCells(server, kept, 'stored').cells;
        changed.push(await storeRecord(stores, { ...key, cells, seq: record?.seq ?? 0 }, local));
      }
      await stores.state.put({ ...replica, next });
      await this.#db.stager.restage(stores, changed);
    });
  }
}

const UNKNOWN = { kind: 'user', id: 'unknown', name: 'Unknown' } as const;

const isOwn = (cells: Cells, field: string, node: string): boolean =>
  field !== ACCEPTED && stampNode(cells[field]?.stamp ?? '') === node;
