import { derivedId } from '@manara/kernel/id';
import type { Actor } from '@manara/sync-core/actor';
import { put, remove } from '@manara/sync-core/write';
import { ada, facts, fakeDevice, id, SPACE, tasks, testTables } from '@manara/testkit/fake-device';
import { FakeSyncServer } from '@manara/testkit/fake-sync-server';
import { syncedDevice } from '@manara/testkit/synced-device';
import { beforeEach, describe, expect, it } from 'vitest';
import { adoptGuest } from './adopt-guest.ts';

const nobody: Actor = { kind: 'user', id: 'guest', name: 'Guest' };
const bot: Actor = { kind: 'ai', id: id('mission'), name: 'Plan my day', reason: 'asked' };
const GUEST = { name: 'guest', kind: 'guest', clientId: '9999999999999999' } as const;

let server: FakeSyncServer;
beforeEach(() => {
  server = new FakeSyncServer({ space: SPACE, userId: 'ada', tables: testTables });
});

describe('adopting a guest', () => {
  it('loses nothing, keeps stamps but for the node, and the server takes all of it', async () => {
    const device = fakeDevice();
    const guest = await device.open(GUEST);
    await guest.write(nobody, [put(tasks, id(1), { title: 'mine' }), put(facts, id('f'), { text: 'a fact' })]);
    await guest.write(bot, [put(tasks, id(1), { done: true })]);
    await guest.write(nobody, [put(tasks, id(2), { title: 'gone' })]);
    await guest.write(nobody, [remove(tasks, id(2))]);
    const before = await guest.cells('tasks', id(1));
    const account = await syncedDevice(server, { device });
    expect(await adoptGuest({ guest, account: account.db, user: ada })).toBe(3);
    const after = await account.db.cells('tasks', id(1));
    expect(after?.title?.stamp).toBe(`${before?.title?.stamp.slice(0, 18)}${account.db.clientId}`);
    expect([after?.title?.actor, after?.done?.actor]).toEqual([ada, bot]);
    await account.sync();
    await account.sync();
    expect(await account.store.counts()).toEqual({ waiting: 0, refused: 0, review: 0 });
    expect([...server.state().keys()].sort()).toEqual([`facts|${id('f')}`, `tasks|${id(1)}`, `tasks|${id(2)}`].sort());
    expect(await account.db.reader.list(tasks)).toMatchObject([{ title: 'mine', done: true }]);
    // the guest starts anew, under an id that never stamped
    const next = await device.open({ ...GUEST, clientId: '8888888888888888' });
    expect(next.clientId).toBe('8888888888888888');
    expect(await next.reader.count(tasks)).toBe(0);
  });

  it('goes into an account that was used on this device before, whose writes stay', async () => {
    const device = fakeDevice();
    const account = await syncedDevice(server, { device });
    await account.db.write(ada, [put(tasks, id(1), { title: 'of the account' })]);
    await account.sync();
    const guest = await device.open(GUEST);
    await guest.write(nobody, [put(tasks, id(2), { title: 'of the guest' })]);
    await adoptGuest({ guest, account: account.db, user: ada });
    device.now += 1;
    await account.db.write(ada, [put(tasks, id(2), { title: 'edited after' })]);
    await account.sync();
    expect(server.value('tasks', id(1), 'title')).toBe('of the account');
    expect(server.value('tasks', id(2), 'title')).toBe('edited after');
  });

  it('merges singletons per field and keeps the losing text', async () => {
    const device = fakeDevice();
    const account = await syncedDevice(server, { device });
    const singleton = { table: 'tasks', kind: 'settings' };
    await account.db.write(ada, [put(tasks, derivedId(SPACE, 'settings'), { title: 'account', body: 'older' })]);
    device.now += 10;
    const guest = await device.open(GUEST);
    await guest.write(nobody, [put(tasks, derivedId(guest.space, 'settings'), { body: 'newer', done: true })]);
    await adoptGuest({ guest, account: account.db, user: ada, singletons: [singleton] });
    expect(await account.db.reader.list(tasks)).toMatchObject([{ title: 'account', body: 'newer', done: true }]);
    expect(await account.db.notices()).toMatchObject([{ text: 'older', stands: 'theirs' }]);
  });

  it('cut off before the guest was removed: repeated without a double, and the guest takes no more writes', async () => {
    const device = fakeDevice();
    const guest = await device.open(GUEST);
    await guest.write(nobody, [put(tasks, id(1), { title: 'x' })]);
    const account = await syncedDevice(server, { device });
    const kill = () => Promise.reject(new Error('the tab was killed here'));
    const real = guest.delete.bind(guest);
    guest.delete = kill;
    await expect(adoptGuest({ guest, account: account.db, user: ada })).rejects.toThrow('killed');
    expect(await guest.write(nobody, [put(tasks, id(2), { title: 'late' })])).toMatchObject({
      error: { code: 'adopted' },
    });
    const waiting = await account.db.waiting();
    guest.delete = real;
    await adoptGuest({ guest, account: account.db, user: ada });
    expect(await account.db.waiting()).toBe(waiting);
  });

  it('one cut off for good is cleared away when the guest is opened next', async () => {
    const device = fakeDevice();
    const guest = await device.open(GUEST);
    await guest.write(nobody, [put(tasks, id(1), { title: 'x' })]);
    const account = await syncedDevice(server, { device });
    guest.delete = () => Promise.reject(new Error('the tab was killed here'));
    await expect(adoptGuest({ guest, account: account.db, user: ada })).rejects.toThrow('killed');
    guest.close();
    const next = await device.open({ ...GUEST, clientId: '8888888888888888' });
    expect(await next.reader.count(tasks)).toBe(0);
    expect(next.clientId).toBe('8888888888888888');
  });

  it("one person's queue never goes out in another's name: each account has its own copy", async () => {
    const device = fakeDevice();
    const first = await syncedDevice(server, { device });
    await first.db.write(ada, [put(tasks, id(1), { title: 'not for others' })]);
    first.db.close();
    const other = await device.open({ name: 'grace' });
    expect(await other.waiting()).toBe(0);
    expect(await other.reader.count(tasks)).toBe(0);
    const again = await device.open();
    expect(await again.waiting()).toBe(1);
  });
});
