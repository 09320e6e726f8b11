import { put } from '@manara/sync-core/write';
import { ada, id, SPACE, tasks, testTables } from '@manara/testkit/fake-device';
import { FakeSyncServer } from '@manara/testkit/fake-sync-server';
import { syncedDevice } from '@manara/testkit/synced-device';
import { expect, it } from 'vitest';

it('knows which records wait, also while they are on their way', async () => {
  const server = new FakeSyncServer({ space: SPACE, userId: 'ada', tables: testTables });
  const { db, store, sync } = await syncedDevice(server, { clientId: 'aaaaaaaaaaaaaaaa' });
  const ids = [id(1), id(2), id(3)];
  const write = (n: number) => db.write(ada, [put(tasks, id(n), { title: 'a' })]);
  await write(1);
  expect(await sync()).toMatchObject({ ok: true });
  await write(2);
  expect(await store.nextBatch()).not.toBeNull();
  await write(3);
  expect([...(await db.waitingIds('tasks', ids))]).toEqual([id(2), id(3)]);
  expect([...(await db.waitingIds('facts', ids))]).toEqual([]);
  expect(await sync()).toMatchObject({ ok: true });
  expect([...(await db.waitingIds('tasks', ids))]).toEqual([]);
});
