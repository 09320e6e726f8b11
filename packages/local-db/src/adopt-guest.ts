import { derivedId } from '@manara/kernel/id';
import type { Actor } from '@manara/sync-core/actor';
import { observe } from '@manara/sync-core/clock';
import { mergeCells, wins } from '@manara/sync-core/merge';
import { type Cell, type Cells, DELETED, greatestStamp } from '@manara/sync-core/record';
import type { Stamp } from '@manara/sync-core/stamp';
import type { Op, WireCell } from '@manara/sync-core/wire-op';
import type { Stores } from './database.ts';
import { noticeOf } from './notices.ts';
import type { LocalDb } from './open-local-db.ts';
import { outboxRow } from './outbox-rows.ts';
import { eachRecord, getRecords, type KeptRecord, putRecords, recordStores } from './records.ts';
import type { Stager } from './stager.ts';

/** A record of which a space has exactly one: its id is derivedId(spaceId, kind). */
export interface Singleton {
  readonly table: string;
  readonly kind: string;
}

export interface AdoptOptions {
  readonly guest: LocalDb;
  readonly account: LocalDb;
  /** the account's person, in whose name the guest wrote all along */
  readonly user: Actor;
  readonly singletons?: readonly Singleton[];
}

/**
 * Takes everything that was written as a guest over into an account's copy, queues it for sending, and removes the
 * guest's copy. Safe to repeat after any interruption: what was taken over already merges to nothing.
 *
 * The stamps keep milliseconds and counter and get the account copy's client id as their node. The server takes only
 * stamps of the pushing client's own node, an account that was used on this device before has its own id, and the
 * guest's id must never stamp again once its cells are out: one rule covers both a sign-up and a sign-in.
 * @returns how many records were taken over
 */
export async function adoptGuest({ guest, account, user, singletons = [] }: AdoptOptions): Promise<number> {
  const names = [...recordStores(guest.database), '$state'];
  for (;;) {
    const { records, clock } = await guest.database.read(names, async (stores) => ({
      records: await eachRecord(stores),
      clock: (await stores.replica()).clock,
    }));
    const ids = new Map(
      singletons.map(({ table, kind }) => [`${table}|${derivedId(guest.space, kind)}`, derivedId(account.space, kind)]),
    );
    const moved = records.map((record) => ({
      ...record,
      id: ids.get(`${record.table}|${record.id}`) ?? record.id,
      cells: ownCells(record.cells, account.clientId, user),
    }));
    const stores = [...recordStores(account.database), '$outbox', '$notices', '$proposals', '$state'];
    await account.database.write(stores, (bound) => takeOver(bound, account.stager, moved));
    // what another tab wrote meanwhile is taken over in another round; afterwards nothing can be written there any more
    const unchanged = await guest.database.write(['$state'], async (bound) => {
      const replica = await bound.replica();
      if (replica.clock.ms !== clock.ms || replica.clock.counter !== clock.counter) return false;
      await bound.state.put({ ...replica, adopted: true });
      return true;
    });
    if (!unchanged) continue;
    await guest.delete();
    return records.length;
  }
}

/** The cells as the account's own: the node replaced, and the guest's person become the account's. */
function ownCells(cells: Cells, node: string, user: Actor): Cells {
  const own: Record<string, Cell> = Object.create(null);
  for (const [field, cell] of Object.entries(cells)) {
    const actor = cell.actor?.kind === 'ai' ? cell.actor : { ...cell.actor, ...user };
    own[field] = { value: cell.value, stamp: `${cell.stamp.slice(0, 18)}${node}`, actor };
  }
  return own;
}

/** Merges, queues one op per record and actor, and moves the clock past what was taken over. */
async function takeOver(stores: Stores, stager: Stager, moved: readonly KeptRecord[]): Promise<void> {
  const replica = await stores.replica();
  const stored = await getRecords(stores, moved);
  let { clock, next } = replica;
  for (const record of moved) {
    const local = stored.get(`${record.table}|${record.id}`);
    const won = Object.entries(record.cells).filter(([field, cell]) => wins(local?.cells[field], cell, 'copies'));
    await keepLostTexts(stores, record, local?.cells ?? {});
    if (won.length === 0) continue;
    const cells = mergeCells(local?.cells ?? {}, Object.fromEntries(won), 'copies').cells;
    await putRecords(stores, [{ ...record, cells, seq: local?.seq ?? 0 }]);
    for (const op of opsOf(replica.space, record, won, local?.cells ?? {})) {
      await stores.outbox.add(outboxRow({ n: next++, ops: [op] }));
    }
    clock = observe(clock, greatestStamp(record.cells) ?? LEAST);
  }
  await stores.state.put({ ...replica, clock, next });
  await stager.restage(stores, moved);
}

const LEAST: Stamp = '000000000000-0000-0000000000000000';

function opsOf(space: string, record: KeptRecord, won: readonly [string, Cell][], before: Cells): Op[] {
  const byActor = new Map<string, { actor: Actor; cells: Record<string, WireCell> }>();
  for (const [field, cell] of won) {
    if (cell.actor === undefined) continue;
    const key = JSON.stringify(cell.actor);
    const op = byActor.get(key) ?? { actor: cell.actor, cells: {} };
    const replaced = before[field]?.stamp;
    op.cells[field] = replaced === undefined ? [cell.value, cell.stamp] : [cell.value, cell.stamp, replaced];
    byActor.set(key, op);
  }
  return [...byActor.values()].map(({ actor, cells: { [DELETED]: deleted, ...fields } }) => ({
    space,
    table: record.table,
    id: record.id,
    ...(Object.keys(fields).length > 0 ? { fields } : {}),
    ...(deleted ? { deleted } : {}),
    actor,
  }));
}

/** Where both copies had a text of one field (a singleton), the losing one is kept with a notice. */
async function keepLostTexts(stores: Stores, record: KeptRecord, local: Cells): Promise<void> {
  for (const [field, def] of Object.entries(stores.byName.get(record.table)?.fields ?? {})) {
    const [here, came] = [local[field], record.cells[field]];
    if (!def.text || here === undefined || came === undefined || here.value === came.value) continue;
    const loser = wins(here, came, 'copies') ? here : came;
    if (typeof loser.value !== 'string' || loser.value.trim() === '') continue;
    const stands = loser === here ? 'theirs' : 'mine';
    const lost = { field, text: loser.value, stamp: loser.stamp, actor: loser.actor, stands } as const;
    await stores.notices.put(noticeOf(record.table, record.id, lost, stores.seams.nowMs()));
  }
}
