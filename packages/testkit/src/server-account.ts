import { randomBytes } from 'node:crypto';
import { createPersonalSpace } from '@manara/db/accounts/create-personal-space';
import type { Database } from '@manara/db/client';
import { readEpoch } from '@manara/db/epoch';
import { inTransaction } from '@manara/db/in-transaction';
import { ingest } from '@manara/db/ingest/ingest';
import { recordReader } from '@manara/db/records/record-reader';
import { assert } from '@manara/kernel/assert';
import { uuid7 } from '@manara/kernel/id';
import type { JsonValue } from '@manara/kernel/json';
import type { Actor } from '@manara/sync-core/actor';
import { type Clock, newClock, tick } from '@manara/sync-core/clock';
import type { RowReader } from '@manara/sync-core/reader';
import type { Op, WireCell } from '@manara/sync-core/wire-op';
import type { Write } from '@manara/sync-core/write';

/** An account with one device that writes through the real ingest, without HTTP: for tests of what happens on the server. */
export class ServerAccount {
  readonly db: Database;
  readonly id: string;
  /** the personal space's id */
  readonly space: string;
  readonly client = `d${randomBytes(8).toString('hex').slice(1)}`;
  readonly actor: Actor;
  #clock: Clock = newClock(this.client);
  #seq = 0;

  private constructor(db: Database, id: string, space: string) {
    this.db = db;
    this.id = id;
    this.space = space;
    this.actor = { kind: 'user', id, name: id };
  }

  static async create(db: Database, id = `account-${randomBytes(4).toString('hex')}`): Promise<ServerAccount> {
    return new ServerAccount(db, id, await createPersonalSpace(db, id));
  }

  newId(): string {
    return uuid7(Date.now(), randomBytes(10));
  }

  /** One batch, one op group each list. Throws when anything is refused. */
  async write(...groups: readonly (readonly Write[])[]): Promise<void> {
    const ops = groups.flatMap((group) => {
      const id = this.newId();
      return group.map((write) => this.#op(write, id));
    });
    const batch = { seq: ++this.#seq, ops };
    const pushed = await inTransaction(this.db, { role: 'app', accountId: this.id }, async (tx) =>
      ingest(tx, { accountId: this.id, client: this.client, epoch: await readEpoch(tx), batch, nowMs: Date.now() }),
    );
    assert(pushed.ok, `push refused: ${JSON.stringify(pushed)}`);
    const refused = pushed.value.reply.results.filter((result) => result.status !== 'ok');
    assert(refused.length === 0, `ops refused: ${JSON.stringify(refused)}`);
  }

  /** Reads this account's space with this account's rights. */
  read<T>(work: (reader: RowReader) => Promise<T>): Promise<T> {
    return inTransaction(this.db, { role: 'app', accountId: this.id }, (tx) => work(recordReader(tx, this.space)));
  }

  #op(write: Write, group: string): Op {
    const cell = (value: JsonValue): WireCell => {
      const ticked = tick(this.#clock, Date.now());
      this.#clock = ticked.clock;
      return [value, ticked.stamp];
    };
    const fields = Object.entries(write.set ?? {}).map(([name, value]) => [name, cell(value)] as const);
    return {
      space: this.space,
      table: write.table,
      id: write.id,
      group,
      ...(fields.length > 0 ? { fields: Object.fromEntries(fields) } : {}),
      ...(write.deleted === undefined ? {} : { deleted: cell(write.deleted) }),
      actor: write.actor ?? this.actor,
    };
  }
}
