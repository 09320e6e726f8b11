import { uuid7 } from '@manara/kernel/id';
import { LocalDb } from '@manara/local-db/open-local-db';
import { FIRST_CURSOR, firstReplica, type Replica } from '@manara/local-db/replica';
import type { LocalSeams } from '@manara/local-db/seams';
import { Stager } from '@manara/local-db/stager';
import { DexieSyncStore } from '@manara/local-db/sync-store';
import { tables, toolByName } from '@manara/modules/registry';
import { steps } from '@manara/shared-ai/tables/plans';
import { createSyncEngine } from '@manara/sync-client/engine';
import type { BatchReply, Counts, RepairRequest, Transport } from '@manara/sync-client/ports';
import type { Actor } from '@manara/sync-core/actor';
import type { WireRecord } from '@manara/sync-core/apply';
import { batchOps, type FrozenBatch, type OutboxEntry } from '@manara/sync-core/outbox';
import type { Op } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';
import type { Canary } from './canaries.ts';
import type { Chance } from './chance.ts';
import { type ClockFault, wallOf } from './faults.ts';
import type { Journal } from './journal.ts';
import { type Commit, Disk, openMemoryDatabase, Session } from './memory-database.ts';
import type { Scheduler } from './scheduler.ts';

export interface DeviceOptions {
  readonly name: string;
  readonly clientId: string;
  readonly space: string;
  readonly account: string;
  readonly startMs: number;
  readonly clock: ClockFault;
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly journal: Journal;
  readonly canary: Canary | null;
  readonly connect: (session: Session) => Transport;
  readonly onCommit: (device: SimDevice, commit: Commit) => void;
  readonly trace: (what: string) => void;
}

class NotRunning extends Error {}

/**
 * One installation: the local database's own code on a disk in memory, and the sync engine on virtual time. It may be
 * killed between any two operations of its disk and started again from what lies there.
 */
export class SimDevice {
  readonly name: string;
  readonly actor: Actor;
  readonly disk = new Disk(tables);
  readonly #options: DeviceOptions;
  #session = new Session();
  #db: LocalDb | null = null;
  #kick: () => void = () => undefined;
  /** records that the comparison of digests had to mend: a bug that nothing else had shown */
  mended = 0;
  readonly errors: unknown[] = [];

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.name = options.name;
    this.actor = { kind: 'user', id: options.account, name: 'Ada' };
    this.disk.onCommit = (commit) => {
      options.onCommit(this, commit);
      this.#committed(commit);
    };
    const replica = firstReplica({ kind: 'account', space: options.space, clientId: options.clientId });
    const fault = options.clock;
    const clock =
      fault.kind === 'overflow' ? { ...replica.clock, ms: options.startMs, counter: fault.counter } : replica.clock;
    for (const row of [{ ...replica, clock }, FIRST_CURSOR])
      this.#store('$state').set(JSON.stringify(row.key), { ...row });
  }

  get clientId(): string {
    return this.#options.clientId;
  }
  get alive(): boolean {
    return this.#session.alive && this.#db !== null;
  }
  /** Only while it is alive. */
  get db(): LocalDb {
    if (this.#db === null) throw new NotRunning();
    return this.#db;
  }
  get replica(): Replica {
    return this.#store('$state').get('"replica"') as unknown as Replica;
  }
  get wallMs(): number {
    return wallOf(this.#options.clock, this.#options.startMs, this.#options.scheduler.nowMs);
  }

  /** Notes what an act threw. One that went on although its app was killed is nothing: it ends there. */
  readonly failed = (error: unknown): void => {
    if (!(error instanceof NotRunning)) this.errors.push(error);
  };

  start(): void {
    const { trace, connect, scheduler, chance, canary, clientId } = this.#options;
    const session = new Session();
    this.#session = session;
    session.onKilled = () => {
      trace('killed');
      this.#db = null;
    };
    this.#forget();
    const db = new LocalDb(
      openMemoryDatabase(this.disk, session, tables, this.#seams()),
      canary?.stagesOnce ? new LazyStager(toolByName) : new Stager(toolByName),
      this.replica,
    );
    this.#db = db;
    this.#watchers.clear();
    const engine = createSyncEngine({
      store: new WatchedStore(db, this, this.#options),
      transport: connect(session),
      clock: { wall: () => this.wallMs, mono: () => scheduler.nowMs },
      timers: {
        after: (ms, run) =>
          scheduler.after(ms, () => {
            if (session.alive) run();
          }),
      },
      random: () => chance.next(),
      locks: { hold: (_, run) => run() },
      peers: { post: () => undefined, listen: () => () => true },
      name: clientId,
      onError: (error) => {
        if (session.alive) this.errors.push(error);
      },
    });
    this.#kick = () => engine.kick();
    trace('started');
    engine.run().catch((error: unknown) => this.errors.push(error));
  }

  kill(): void {
    this.#session.kill();
  }
  /** Dies in the midst of what it does next. */
  killSoon(operations: number): void {
    this.#session.killIn = operations;
  }
  kick(): void {
    this.#kick();
  }
  newId(): string {
    return this.#seams().newId();
  }

  /** Writes op groups through the one door, one after another. */
  async write(groups: readonly (readonly Write[])[]): Promise<void> {
    const { canary, journal, trace } = this.#options;
    for (const group of groups) {
      const writes = canary?.writes?.(group, () => this.newId()) ?? group;
      for (const write of writes) for (const stamp of Object.values(write.stamps ?? {})) journal.given(stamp);
      const result = await this.db.write(this.actor, writes);
      trace(
        `write ${writes.map(({ table, id }) => `${table}/${id.slice(0, 8)}`).join(' ')} ${result.ok ? 'ok' : result.error.code}`,
      );
      if (!result.ok) journal.refusedHere(result.error.code);
    }
  }

  /** Nothing waits here, and it has read all there is. */
  isQuiet(head: number): boolean {
    const empty = ['$outbox', '$batch', '$repairs'].every((name) => this.#store(name).size === 0);
    return this.alive && empty && (this.#store('$state').get('"cursor"')?.at ?? 0) === head;
  }

  readonly #watchers = new Map<(counts: Counts) => void, () => void>();
  watch(listener: (counts: Counts) => void, tell: () => void): () => void {
    this.#watchers.set(listener, tell);
    tell();
    return () => this.#watchers.delete(listener);
  }

  #committed({ changes }: Commit): void {
    if (this.#options.canary?.queuesLater) this.#queueLater(changes);
    if (!changes.some(({ store }) => store === '$outbox' || store === '$batch' || store === '$refused')) return;
    for (const tell of this.#watchers.values()) tell();
  }

  /** A planted bug: what a transaction queued comes to the disk a while after it. */
  #queueLater(changes: Commit['changes']): void {
    const session = this.#session;
    for (const { store, before, after } of changes) {
      if (store !== '$outbox' || before !== undefined || after === undefined) continue;
      const rows = this.#store(store);
      const key = this.disk.store(store).keyOf(after);
      rows.delete(key);
      this.#options.scheduler.after(500, () => {
        if (!session.alive) return;
        rows.set(key, after);
        this.#kick();
      });
    }
  }

  #store(name: string) {
    return this.disk.store(name).rows;
  }

  #seams(): LocalSeams {
    const { chance } = this.#options;
    return {
      nowMs: () => this.wallMs,
      newId: () => uuid7(Math.max(0, this.wallMs), chance.bytes(10)),
      newClientId: () => Array.from(chance.bytes(8), (byte) => byte.toString(16).padStart(2, '0')).join(''),
      random: () => chance.next(),
      sleep: () => Promise.resolve(),
    };
  }

  /** What planted bugs keep in memory alone is gone at every start. */
  #forget(): void {
    const { canary } = this.#options;
    const state = this.#store('$state');
    if (canary?.forgetsClock) {
      const { replica } = this;
      state.set('"replica"', { ...replica, clock: { ...replica.clock, ms: 0, counter: 0 } });
    }
    if (canary?.forgetsBatch) {
      for (const batch of this.#store('$batch').values()) {
        for (const entry of (batch as unknown as FrozenBatch).entries) {
          const keys = [...new Set(entry.ops.map((op) => `${op.table}|${op.id}`))];
          this.#store('$outbox').set(JSON.stringify(entry.n), { ...entry, keys });
        }
      }
      this.#store('$batch').clear();
    }
  }
}

/** A planted bug: derives proposals from new steps alone. */
class LazyStager extends Stager {
  override restage(...[stores, changes]: Parameters<Stager['restage']>): Promise<void> {
    return super.restage(
      stores,
      changes.filter(({ table }) => table === steps.name),
    );
  }
}

/** The real store, watched: what the server took and told is noted for the oracles. */
class WatchedStore extends DexieSyncStore {
  readonly #device: SimDevice;
  readonly #options: DeviceOptions;

  constructor(db: LocalDb, device: SimDevice, options: DeviceOptions) {
    super(db);
    this.#device = device;
    this.#options = options;
  }

  // Dexie's own live queries need IndexedDB
  override watch(listener: (counts: Counts) => void): () => void {
    return this.#device.watch(listener, () => {
      this.counts().then(listener, (error: unknown) => this.#device.errors.push(error));
    });
  }

  override async settle(client: string, given: BatchReply): Promise<void> {
    const { canary, journal } = this.#options;
    const reply = canary?.settled?.(given) ?? given;
    const frozen = this.#device.disk.rows('$batch')[0] as unknown as FrozenBatch | undefined;
    if (frozen?.seq === reply.seq) journal.answered(this.#device.name, batchOps(frozen), reply);
    await super.settle(client, reply);
    if (canary?.asksOnce) this.#forgetFetches();
    journal.settled(this.#device.name, waitingOps(this.#device.disk));
  }

  #forgetFetches(): void {
    const { rows } = this.#device.disk.store('$repairs');
    for (const [key, { fields }] of rows) if (Object.keys(fields as object).length === 0) rows.delete(key);
  }

  override async renode(seq: number): Promise<void> {
    this.#options.journal.renoded(this.#device.name);
    await super.renode(seq);
  }

  override async repairs(): Promise<readonly RepairRequest[]> {
    if (!this.#options.canary?.skipsRepairs) return super.repairs();
    this.#device.disk.store('$repairs').rows.clear();
    return [];
  }

  override async mend(table: string, ids: readonly string[], records: readonly WireRecord[]): Promise<void> {
    this.#device.mended += ids.length;
    await super.mend(table, ids, records);
  }
}

/** Ops that the server has not answered. */
export function waitingOps(disk: Disk): Op[] {
  const entries = [
    ...disk.rows('$batch').flatMap((batch) => (batch as unknown as FrozenBatch).entries),
    ...(disk.rows('$outbox') as unknown as OutboxEntry[]),
  ];
  return entries.flatMap((entry) => entry.ops);
}
