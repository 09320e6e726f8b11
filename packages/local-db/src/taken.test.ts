import { put, remove } from '@manara/sync-core/write';
import { ada, claims, id, SPACE, tasks, testTables } from '@manara/testkit/fake-device';
import { FakeSyncServer } from '@manara/testkit/fake-sync-server';
import { type SyncedDevice, syncedDevice } from '@manara/testkit/synced-device';
import { beforeEach, describe, expect, it } from 'vitest';

const MISSION = { kind: 'ai', id: id(90), name: 'Morning plan', executionId: id(91) } as const;
let server: FakeSyncServer;
let a: SyncedDevice;
let b: SyncedDevice;
beforeEach(async () => {
  server = new FakeSyncServer({ space: SPACE, userId: 'ada', tables: testTables });
  a = await syncedDevice(server, { clientId: 'aaaaaaaaaaaaaaaa' });
  b = await syncedDevice(server, { clientId: 'bbbbbbbbbbbbbbbb' });
});

/** One step run by a device: the claim that only one device can make, and the effect with its derived id, as one group. */
const execute = async (on: SyncedDevice, atMs: number) => {
  on.device.now += atMs;
  const effect = { ...put(tasks, id(1), { title: 'Call the plumber' }), actor: MISSION };
  const claim = { ...put(claims, id(2), { owner: on.db.clientId }), actor: MISSION };
  expect(await on.db.write(ada, [claim, effect])).toMatchObject({ ok: true });
};
const rename = async (on: SyncedDevice, atMs: number, title: string) => {
  on.device.now += atMs;
  expect(await on.db.write(ada, [put(tasks, id(1), { title })])).toMatchObject({ ok: true });
};
const settled = async (...devices: SyncedDevice[]) => {
  for (let round = 0; round < 3; round++) {
    for (const device of devices) expect(await device.sync()).toMatchObject({ ok: true });
  }
};
const titles = async () => [
  server.value('tasks', id(1), 'title'),
  ...(await Promise.all([a, b].map(async ({ db }) => (await db.reader.get(tasks, id(1)))?.title))),
];

describe('both devices ran the same step offline, and one edited what it made', () => {
  it.each(['the later one', 'the earlier one'])('the edit stands when %s comes back first', async (which) => {
    await execute(b, 1000);
    await rename(b, 1000, 'Call Marek the plumber');
    await execute(a, 5000);
    b.device.now += 10_000;
    await settled(...(which === 'the later one' ? [a, b] : [b, a]));
    expect(await titles()).toEqual(Array(3).fill('Call Marek the plumber'));
    expect(await b.db.notices()).toEqual([]);
    expect(await b.store.counts()).toMatchObject({ waiting: 0, refused: 0 });
  });

  it('the last of several edits stands, also one that was not sent with the rest', async () => {
    await settled(b); // it knows the epoch, so that a batch can be frozen before the network is back
    await execute(b, 1000);
    await rename(b, 1000, 'Call Marek');
    await execute(a, 5000);
    await settled(a);
    b.device.now += 10_000;
    expect(await b.store.nextBatch()).not.toBeNull();
    await rename(b, 1000, 'Call Marek on Friday');
    await settled(b, a);
    expect(await titles()).toEqual(Array(3).fill('Call Marek on Friday'));
  });

  it('a delete stands too', async () => {
    await execute(b, 1000);
    b.device.now += 1000;
    expect(await b.db.write(ada, [remove(tasks, id(1))])).toMatchObject({ ok: true });
    await execute(a, 5000);
    b.device.now += 10_000;
    await settled(a, b, a);
    expect(await a.db.reader.list(tasks)).toEqual([]);
    expect(await b.db.reader.list(tasks)).toEqual([]);
  });

  it('without an edit nothing is written again', async () => {
    await execute(b, 1000);
    await execute(a, 5000);
    await settled(a, b);
    const head = server.records().size;
    await settled(b, a);
    expect(server.records().size).toBe(head);
    expect(await titles()).toEqual(Array(3).fill('Call the plumber'));
  });
});
