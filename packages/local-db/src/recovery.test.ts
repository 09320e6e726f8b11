import type { Cells } from '@manara/sync-core/record';
import { put, remove } from '@manara/sync-core/write';
import { ada, facts, id, SPACE, tasks, testTables } from '@manara/testkit/fake-device';
import { FakeSyncServer } from '@manara/testkit/fake-sync-server';
import { type SyncedDevice, syncedDevice } from '@manara/testkit/synced-device';
import { beforeEach, describe, expect, it } from 'vitest';
import { eachRecord } from './records.ts';

const [A, B] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'];
let server: FakeSyncServer;
let a: SyncedDevice;
let b: SyncedDevice;
beforeEach(async () => {
  server = new FakeSyncServer({ space: SPACE, userId: 'ada', tables: testTables });
  a = await syncedDevice(server, { clientId: A });
  b = await syncedDevice(server, { clientId: B });
});

const write = async (on: SyncedDevice, ...writes: Parameters<SyncedDevice['db']['write']>[1]) => {
  on.device.now += 1;
  expect(await on.db.write(ada, writes)).toEqual({ ok: true, value: undefined });
};
const settled = async (...devices: SyncedDevice[]) => {
  for (const device of [...devices, ...devices]) expect(await device.sync()).toEqual({ ok: true, value: undefined });
};
const plain = (cells: Cells | undefined) =>
  Object.fromEntries(Object.entries(cells ?? {}).map(([name, cell]) => [name, [cell.value, cell.stamp]]));
/** Same records, cells and stamps on every device and the server. */
const agree = async (...devices: SyncedDevice[]) => {
  const want = Object.fromEntries([...server.state()].map(([key, cells]) => [key, plain(cells)]));
  for (const { db, store } of devices) {
    const have = (await eachRecord(db.database)).map((record) => [`${record.table}|${record.id}`, plain(record.cells)]);
    expect(Object.fromEntries(have)).toEqual(want);
    expect(await store.counts()).toMatchObject({ waiting: 0 });
  }
};

describe('the horizon', () => {
  it('forgets tombstones that the server has forgotten', async () => {
    await write(a, put(tasks, id(1), { title: 'x' }));
    await write(a, put(tasks, id(2), { title: 'kept' }));
    await settled(a, b);
    await write(a, remove(tasks, id(1)));
    await settled(a, b);
    expect(await b.db.reader.get(tasks, id(1))).toMatchObject({ deleted: true });
    server.forget(server.head);
    await write(a, put(tasks, id(2), { title: 'kept on' }));
    await settled(a, b);
    expect(await b.db.reader.get(tasks, id(1))).toBeUndefined();
    await agree(a, b);
  });

  it('reset replaces the copy and keeps the outbox', async () => {
    await write(a, put(tasks, id(1), { title: 'x' }));
    await write(a, put(tasks, id(2), { title: 'stays' }));
    await settled(a, b);
    await write(a, remove(tasks, id(1)));
    await settled(a);
    server.forget(server.head);
    await write(b, put(tasks, id(2), { title: 'written offline' }));
    await write(b, put(tasks, id(3), { title: 'new offline' }));
    await settled(b, a);
    expect(await b.db.reader.get(tasks, id(1))).toBeUndefined();
    expect(server.value('tasks', id(2), 'title')).toBe('written offline');
    expect(server.value('tasks', id(3), 'title')).toBe('new offline');
    await agree(a, b);
  });
});

describe('a restored server', () => {
  it("gets back what it lacks: other devices' cells, server-owned fields, and what waited", async () => {
    await write(a, put(tasks, id(1), { title: 'old' }));
    await settled(a, b);
    const restore = server.backup();
    await write(b, put(tasks, id(1), { title: 'acknowledged, then lost' }), put(facts, id('f'), { text: 'accepted' }));
    await settled(b, a);
    const lost = plain(await a.db.cells('facts', id('f')));
    expect(lost.accepted).toBeDefined();
    await write(a, put(tasks, id(2), { title: 'waiting' }));
    restore();
    server.newEpoch('epoch-2');
    await settled(a);
    expect(server.value('tasks', id(1), 'title')).toBe('acknowledged, then lost');
    expect(server.value('tasks', id(2), 'title')).toBe('waiting');
    expect(plain(server.state().get(`facts|${id('f')}`))).toEqual(lost);
    expect((await a.db.database.replica()).epoch).toBe('epoch-2');
    await settled(b, a);
    await agree(a, b);
    expect(await a.db.refused()).toEqual([]);
  });

  it('the frozen batch of the old epoch is sent under the new one', async () => {
    await write(a, put(tasks, id(1), { title: 'x' }));
    await settled(a);
    await write(a, put(tasks, id(2), { title: 'frozen' }));
    expect((await a.store.nextBatch())?.batch.seq).toBe(2);
    server.newEpoch('epoch-2');
    await settled(a);
    await agree(a);
    expect(server.value('tasks', id(2), 'title')).toBe('frozen');
  });

  it('a gap below what was acknowledged is the same recovery', async () => {
    await write(a, put(tasks, id(1), { title: 'kept' }));
    await settled(a);
    const restore = server.backup();
    await write(a, put(tasks, id(2), { title: 'lost' }));
    await settled(a);
    restore();
    await write(a, put(tasks, id(3), { title: 'next' }));
    await settled(a);
    await agree(a);
    expect(server.value('tasks', id(2), 'title')).toBe('lost');
  });

  it('a device away for more than 180 days offers its surplus for review', async () => {
    await write(a, put(tasks, id(1), { title: 'old' }));
    await settled(a);
    const restore = server.backup();
    await write(a, put(tasks, id(1), { title: 'newer' }));
    await write(a, put(tasks, id(2), { title: 'unknown there' }));
    await settled(a);
    restore();
    server.newEpoch('epoch-2');
    a.device.now += 200 * 86_400_000;
    server.nowMs += 200 * 86_400_000;
    await write(a, put(tasks, id(3), { title: 'waiting' }));
    await settled(a);
    await agree(a);
    expect(server.value('tasks', id(1), 'title')).toBe('old');
    expect(server.value('tasks', id(3), 'title')).toBe('waiting');
    const review = await a.db.review();
    expect(review.map((row) => row.values.title).sort()).toEqual(['newer', 'unknown there']);
    for (const row of review) expect(await a.db.keepReview(row.id, ada)).toMatchObject({ ok: true });
    await settled(a);
    expect(server.value('tasks', id(1), 'title')).toBe('newer');
    expect(server.value('tasks', id(2), 'title')).toBe('unknown there');
    await agree(a);
  });
});

describe('a cloned profile', () => {
  it('takes a new id, and nothing of either is lost', async () => {
    await write(a, put(tasks, id(0), { title: 'shared' }));
    await settled(a);
    const twin = await syncedDevice(server, { clientId: A });
    for (const { name } of a.db.database.dexie.tables) {
      await twin.db.database.dexie.table(name).bulkPut(await a.db.database.dexie.table(name).toArray());
    }
    await write(a, put(tasks, id(1), { title: 'of the one' }));
    await settled(a);
    await write(twin, put(tasks, id(2), { title: 'of the other' }));
    await settled(twin, a);
    expect(twin.db.clientId).not.toBe(A);
    expect((await twin.db.cells('tasks', id(2)))?.title?.stamp).toContain(twin.db.clientId);
    expect(server.value('tasks', id(1), 'title')).toBe('of the one');
    expect(server.value('tasks', id(2), 'title')).toBe('of the other');
    await agree(a, twin);
    expect(await twin.db.refused()).toEqual([]);
  });

  it('a batch that another tab has settled meanwhile is no sign of a clone', async () => {
    await write(a, put(tasks, id(1), { title: 'x' }));
    await a.store.learnEpoch(server.epoch);
    const late = await a.store.nextBatch();
    await settled(a);
    await write(a, put(tasks, id(2), { title: 'y' }));
    await a.store.nextBatch();
    await a.store.renode(late?.batch.seq ?? 0);
    await settled(a);
    expect(a.db.clientId).toBe(A);
    await agree(a);
  });
});
