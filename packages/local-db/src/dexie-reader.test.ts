import type { Query } from '@manara/sync-core/reader';
import { put, remove } from '@manara/sync-core/write';
import { ada, type FakeDevice, fakeDevice, id, tasks, testTables } from '@manara/testkit/fake-device';
import { beforeEach, describe, expect, it } from 'vitest';
import { observe } from './observe.ts';
import type { LocalDb } from './open-local-db.ts';
import { storedRow } from './row.ts';

let device: FakeDevice;
let db: LocalDb;
beforeEach(async () => {
  device = fakeDevice();
  db = await device.open();
  await db.write(ada, [
    put(tasks, id(1), { title: 'b', due: '2026-11-20', list: 'one', position: 'b' }),
    put(tasks, id(2), { title: 'a', due: '2026-11-22', list: 'one', position: 'a', done: true }),
    put(tasks, id(3), { title: 'c', list: 'two', position: 'a' }),
    put(tasks, id(4), { title: 'd', due: '2026-11-21' }),
    put(tasks, id(5), { title: 'deleted', due: '2026-11-21', list: 'one', position: 'c' }),
  ]);
  await db.write(ada, [remove(tasks, id(5))]);
});
const titles = async (query: Parameters<LocalDb['reader']['list']>[1]) =>
  (await db.reader.list(tasks, query)).map((row) => row.title).join('');

describe('the reader', () => {
  it.each<[string, Query, string | null]>([
    ['ranges leave out null and tombstones', { by: 'due' }, 'bda'],
    ['bounds are inclusive', { by: 'due', from: '2026-11-21', to: '2026-11-22' }, 'da'],
    ['an upper bound alone', { by: 'due', to: '2026-11-21' }, 'bd'],
    ['reverse and limit', { by: 'due', reverse: true, limit: 2 }, 'ad'],
    ['null is found when asked for', { by: 'due', equals: null }, 'c'],
    ['booleans', { by: 'done', equals: true }, 'a'],
    ['defaults are indexed', { by: 'done', equals: false, limit: 10 }, 'bcd'.split('').sort().join('')],
    ['the beginning of a compound index, in its order', { by: '[list+position]', equals: ['one'] }, 'ab'],
    ['all of a compound index', { by: '[list+position]', equals: ['one', 'b'] }, 'b'],
    ['bounds of a compound index', { by: '[list+position]', from: ['one', 'b'], to: ['two'] }, 'bc'],
    [
      'several values, each once, in the order of the index',
      { by: 'due', anyOf: ['2026-11-22', null, '2026-11-20', '2026-11-22'] },
      'cba',
    ],
    ['tombstones when asked for, in order', { by: 'due', from: '2026-11-21', withDeleted: true, limit: 3 }, null],
  ])('%s', async (_, query, want) => {
    const got = await titles(query);
    if (want === null)
      expect((await db.reader.list(tasks, query)).map((row) => row.due)).toEqual([
        '2026-11-21',
        '2026-11-21',
        '2026-11-22',
      ]);
    else if (query.by === 'done' && query.equals === false) expect(got.split('').sort().join('')).toBe(want);
    else expect(got).toBe(want);
  });

  it('counts as it lists', async () => {
    expect(await db.reader.count(tasks)).toBe(4);
    expect(await db.reader.count(tasks, { withDeleted: true })).toBe(5);
    expect(await db.reader.count(tasks, { by: 'due', from: '2026-11-21' })).toBe(2);
    expect(await db.reader.count(tasks, { by: 'due', anyOf: [null, '2026-11-20'] })).toBe(2);
    expect(await db.reader.count(tasks, { limit: 3 })).toBe(3);
  });

  it('gets a deleted row, and says that it is', async () => {
    expect(await db.reader.get(tasks, id(5))).toMatchObject({ title: 'deleted', deleted: true });
    expect(await db.reader.get(tasks, id(9))).toBeUndefined();
  });

  it('is observed after every await of a query, and only for what it reads', async () => {
    const seen: string[] = [];
    const subscription = observe(async () => {
      await db.reader.get(tasks, id(1));
      await db.reader.list(tasks, { by: 'done', equals: true });
      return (await db.reader.list(tasks, { by: '[list+position]', equals: ['two'] })).map((row) => row.title).join('');
    }).subscribe((value) => seen.push(value));
    const until = async (text: string) => {
      for (let n = 0; n < 100 && seen.at(-1) !== text; n++) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(seen.at(-1)).toBe(text);
    };
    await until('c');
    await db.write(ada, [put(tasks, id(3), { title: 'changed' })]);
    await until('changed');
    await db.write(ada, [put(tasks, id(6), { title: '!', list: 'two', position: 'z' })]);
    await until('changed!');
    subscription.unsubscribe();
  });
});

describe('the database', () => {
  it('a connection that the browser dropped is opened again, and the write is not lost', async () => {
    const faults: unknown[] = [];
    const fresh = await device.open({ name: 'other', onFault: (fault) => faults.push(fault) });
    fresh.database.dexie.close({ disableAutoOpen: true });
    expect(await fresh.write(ada, [put(tasks, id(1), { title: 'after sleep' })])).toMatchObject({ ok: true });
    expect(faults).toEqual(['lost', null]);
    expect(await fresh.reader.get(tasks, id(1))).toMatchObject({ title: 'after sleep' });
  });

  it('a newer version in another tab is let through, and this one says that it is outdated', async () => {
    const faults: unknown[] = [];
    const old = await device.open({ name: 'shared', onFault: (fault) => faults.push(fault) });
    const newer = await device.open({ name: 'shared', tables: [...testTables, { ...tasks, name: 'brandNew' }] });
    expect(faults).toEqual(['outdated']);
    expect(await old.write(ada, [put(tasks, id(1), { title: 'x' })])).toMatchObject({ error: { code: 'outdated' } });
    await expect(old.waiting()).rejects.toThrow();
    await expect(old.database.write(['$state'], async () => undefined)).rejects.toThrow('newer version');
    expect(old.database.dexie.isOpen()).toBe(false);
    expect(faults).toEqual(['outdated']);
    expect(await newer.reader.count({ ...tasks, name: 'brandNew' })).toBe(0);
    old.close();
  });

  it('records that an older version put aside are found by the version that knows their table', async () => {
    const habits = { ...tasks, name: 'habits' };
    const first = await device.open({ name: 'strays', tables: [...testTables, habits] });
    await first.database.strays.put({ ...storedRow(undefined, id(7), {}, 3), $table: 'habits' });
    first.close();
    const again = await device.open({ name: 'strays', tables: [...testTables, habits] });
    expect(await again.database.strays.count()).toBe(0);
    expect(await again.reader.get(habits, id(7))).toBeDefined();
  });
});
