import { randomUUID } from 'node:crypto';
import { createPersonalSpace } from '@manara/db/accounts/create-personal-space';
import type { Database } from '@manara/db/client';
import { readEpoch } from '@manara/db/epoch';
import { inTransaction } from '@manara/db/in-transaction';
import { ingest, ingestAsSystem } from '@manara/db/ingest/ingest';
import { digest } from '@manara/db/pull/digest';
import { getRecords } from '@manara/db/pull/get';
import { pull } from '@manara/db/pull/pull';
import { assert } from '@manara/kernel/assert';
import type { TransportReply } from '@manara/sync-client/ports';
import { recordCells, type WireRecord } from '@manara/sync-core/apply';
import type { Cells } from '@manara/sync-core/record';
import type { Batch, Op } from '@manara/sync-core/wire-op';
import { refuse } from '../fake-sync-server.ts';
import type { LogEntry, SimServer } from './sim-server.ts';

interface Body {
  readonly client: string;
  readonly epoch: string;
  readonly batch: Batch;
  readonly cursors: Readonly<Record<string, number>>;
  readonly limit: number;
  readonly table: string;
  readonly ids: readonly string[];
}

/** The server's own SQL under row-level security, without HTTP: one transaction a request, as the routes do it. */
export class SqlSimServer implements SimServer {
  readonly space: string;
  readonly account: string;
  head = 0;
  readonly #db: Database;
  readonly #epoch: string;

  private constructor(db: Database, account: string, space: string, epoch: string) {
    this.#db = db;
    this.account = account;
    this.space = space;
    this.#epoch = epoch;
  }

  /** A new account with its space. */
  static async create(db: Database): Promise<SqlSimServer> {
    const account = `simulated-${randomUUID()}`;
    const space = await createPersonalSpace(db, account);
    const epoch = await inTransaction(db, { role: 'app', accountId: account }, readEpoch);
    return new SqlSimServer(db, account, space, epoch);
  }

  async handle(path: string, given: Record<string, unknown>, nowMs: number): Promise<TransportReply> {
    const body = given as unknown as Body;
    switch (path) {
      case '/v1/me':
        return {
          ok: true,
          body: {
            epoch: this.#epoch,
            serverTime: nowMs,
            spaces: [{ id: this.space, kind: 'personal', role: 'owner' }],
          },
        };
      case '/v1/sync/push':
        return this.#push(body, nowMs);
      case '/v1/sync/pull':
        return this.#pull(body, nowMs);
      case '/v1/sync/get':
        return this.#get(body.table, body.ids);
      case '/v1/sync/digest': {
        const found = await this.#transact((tx) => digest(tx, { spaceId: this.space }));
        return found === null ? refuse(404, 'not_found') : { ok: true, body: found };
      }
      default:
        return refuse(404, 'not_found');
    }
  }

  async writeAsSystem(client: string, ops: readonly Op[], nowMs: number): Promise<void> {
    const { space } = this;
    const { plan } = await inTransaction(this.#db, { role: 'app', spaceId: space }, (tx) =>
      ingestAsSystem(tx, { client, spaceId: space, ops, nowMs }),
    );
    this.head = plan.heads.get(space) ?? this.head;
  }

  async log(): Promise<readonly LogEntry[]> {
    const rows = await this.#transact(
      (tx) => tx<Omit<LogEntry, 'space'>[]>`
        select table_name as table, id, seq, cells, actor, group_id as group
        from changes where space_id = ${this.space}
        order by entry`,
    );
    return rows.map((row) => ({ ...row, space: this.space }));
  }

  async records(): Promise<ReadonlyMap<string, { readonly cells: Cells; readonly seq: number }>> {
    const found = new Map<string, { readonly cells: Cells; readonly seq: number }>();
    for (let cursor = 0, more = true; more; ) {
      const page = await this.#page(cursor, 5000);
      for (const json of page.records) {
        const record = JSON.parse(json) as WireRecord;
        found.set(`${record.table}|${record.id}`, { cells: recordCells(record), seq: record.seq });
      }
      ({ cursor, more } = page);
    }
    return found;
  }

  peek(): null {
    return null;
  }

  #transact<T>(work: Parameters<typeof inTransaction<T>>[2]): Promise<T> {
    return inTransaction(this.#db, { role: 'app', accountId: this.account }, work);
  }

  async #push({ client, epoch, batch }: Body, nowMs: number): Promise<TransportReply> {
    const { account } = this;
    const pushed = await this.#transact((tx) => ingest(tx, { accountId: account, client, epoch, batch, nowMs }));
    if (!pushed.ok) return refuse(409, pushed.error.code, pushed.error.details);
    const { reply, moved } = pushed.value;
    this.head = moved[this.space] ?? this.head;
    return { ok: true, body: reply };
  }

  async #page(cursor: number, limit: number) {
    const pulled = await this.#transact((tx) =>
      pull(tx, { cursors: new Map([[this.space, cursor]]), limit, recover: false }),
    );
    assert(pulled.ok, 'a cursor that this server told is not past its head');
    const page = pulled.value.spaces.get(this.space);
    assert(page !== undefined, 'the own space is there');
    return { ...page, serverTimeMs: pulled.value.serverTimeMs };
  }

  async #pull({ cursors, limit }: Body, nowMs: number): Promise<TransportReply> {
    const { records, serverTimeMs, ...page } = await this.#page(cursors[this.space] ?? 0, limit);
    const parsed = records.map((json) => JSON.parse(json) as WireRecord);
    const spaces = { [this.space]: { ...page, records: parsed } };
    const serverTime = Math.max(nowMs, serverTimeMs);
    return { ok: true, body: { epoch: this.#epoch, spaces, removed: [], serverTime } };
  }

  async #get(table: string, ids: readonly string[]): Promise<TransportReply> {
    const found = await this.#transact((tx) => getRecords(tx, { spaceId: this.space, table, ids }));
    if (found === null) return refuse(404, 'not_found');
    const records = found.records.map((json) => JSON.parse(json) as WireRecord);
    return { ok: true, body: { records, head: found.head } };
  }
}
