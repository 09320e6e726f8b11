import { createPersonalSpace } from '@manara/db/accounts/create-personal-space';
import type { Database } from '@manara/db/client';
import { readEpoch } from '@manara/db/epoch';
import { inTransaction } from '@manara/db/in-transaction';
import { ingest, type Pushed, type PushRefusal } from '@manara/db/ingest/ingest';
import { digest } from '@manara/db/pull/digest';
import { getRecords } from '@manara/db/pull/get';
import { type PullQuery, pull } from '@manara/db/pull/pull';
import { assert } from '@manara/kernel/assert';
import type { JsonValue } from '@manara/kernel/json';
import type { Result } from '@manara/kernel/result';
import type { PushReply } from '@manara/protocol/push';
import type { WireRecord } from '@manara/protocol/record';
import { formatStamp } from '@manara/sync-core/stamp';

/** An account's client that pushes exactly what a test says, straight into the database. */
export class RawClient {
  readonly space: string;
  readonly #db: Database;
  readonly #accountId: string;
  readonly client: string;
  #seq = 0;

  private constructor(db: Database, accountId: string, client: string, space: string) {
    this.#db = db;
    this.#accountId = accountId;
    this.client = client;
    this.space = space;
  }

  static async create(db: Database, accountId: string, client = '9f3a1c7e5b2d4f60'): Promise<RawClient> {
    return new RawClient(db, accountId, client, await createPersonalSpace(db, accountId));
  }

  /** Another client of the same account. */
  sibling(client: string): RawClient {
    return new RawClient(this.#db, this.#accountId, client, this.space);
  }

  stamp(ms: number, counter = 0): string {
    return formatStamp({ ms, counter, node: this.client });
  }

  op(table: string, id: string, fields: Record<string, unknown>, more: Record<string, unknown> = {}): object {
    const actor = { kind: 'user', id: this.#accountId, name: this.#accountId };
    return { space: this.space, table, id, fields, actor, ...more };
  }

  /** A todo with this title. */
  todo(id: string, title: JsonValue, stamp: string): object {
    return this.op('todos', id, { title: [title, stamp] });
  }

  /** The next batch, or exactly this one. */
  push(
    ops: readonly unknown[],
    more: { readonly seq?: number; readonly epoch?: string; readonly recovery?: boolean; readonly nowMs?: number } = {},
  ): Promise<Result<Pushed, PushRefusal>> {
    const seq = more.seq ?? this.#seq + 1;
    const batch = { seq, ops, ...(more.recovery === undefined ? {} : { recovery: more.recovery }) };
    return inTransaction(this.#db, { role: 'app', accountId: this.#accountId }, async (tx) => {
      const epoch = more.epoch ?? (await readEpoch(tx));
      const { client } = this;
      const pushed = await ingest(tx, {
        accountId: this.#accountId,
        client,
        epoch,
        batch,
        nowMs: more.nowMs ?? Date.now(),
      });
      if (pushed.ok) this.#seq = Math.max(this.#seq, seq);
      return pushed;
    });
  }

  /** The next batch, which must be taken. */
  async pushed(ops: readonly unknown[]): Promise<PushReply> {
    const pushed = await this.push(ops);
    assert(pushed.ok, `push refused: ${JSON.stringify(pushed)}`);
    return pushed.value.reply;
  }

  async pull(query: Partial<PullQuery> & { readonly cursor?: number } = {}) {
    const { cursor = 0, ...more } = query;
    const cursors = new Map([[this.space, cursor]]);
    const pulled = await inTransaction(this.#db, { role: 'app', accountId: this.#accountId }, (tx) =>
      pull(tx, { cursors, limit: 1000, recover: false, ...more }),
    );
    assert(pulled.ok, `pull refused: ${JSON.stringify(pulled)}`);
    return pulled.value;
  }

  /** A page of the own space, parsed. */
  async page(cursor = 0, limit = 1000) {
    const { spaces } = await this.pull({ cursor, limit });
    const page = spaces.get(this.space);
    assert(page !== undefined, 'the own space is there');
    return { ...page, records: page.records.map((json) => JSON.parse(json) as WireRecord) };
  }

  get(table: string, ids: readonly string[], spaceId = this.space) {
    return inTransaction(this.#db, { role: 'app', accountId: this.#accountId }, (tx) =>
      getRecords(tx, { spaceId, table, ids }),
    );
  }

  digest(scope: { readonly table?: string; readonly prefix?: string; readonly spaceId?: string } = {}) {
    return inTransaction(this.#db, { role: 'app', accountId: this.#accountId }, (tx) =>
      digest(tx, { spaceId: this.space, ...scope }),
    );
  }
}
