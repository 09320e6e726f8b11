import { randomUUID } from 'node:crypto';
import { todos } from '@manara/modules/todo/schema';
import { iterations } from '@manara/shared-ai/tables/plans';
import type { Query, RowReader } from '@manara/sync-core/reader';
import { engines } from '@manara/testkit/engines';
import { RawClient } from '@manara/testkit/raw-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../client.ts';
import { inTransaction } from '../in-transaction.ts';
import { recordReader } from './record-reader.ts';

describe.each(engines)('record reader on $name', (engine) => {
  let db: Database;
  let ada: RawClient;
  const read = <T>(work: (reader: RowReader) => Promise<T>) =>
    inTransaction(db, { role: 'app', spaceId: ada.space }, (tx) => work(recordReader(tx, ada.space)));
  const titles = async (query: Query) =>
    (await read((reader) => reader.list(todos, query))).map((row) => row.title).join('');
  const ids = Array.from({ length: 6 }, () => randomUUID());

  beforeAll(async () => {
    db = await engine.open();
    ada = await RawClient.create(db, `ada-${randomUUID()}`);
    const at = ada.stamp(Date.now());
    const rows: Record<string, unknown>[] = [
      { title: ['a', at], due: ['2026-01-02', at], position: ['Z', at] },
      { title: ['b', at], due: ['2026-01-01', at], position: ['a', at], doneAt: [20, at] },
      { title: ['c', at], due: [null, at], position: ['é', at], doneAt: [3, at] },
      { title: ['d', at], position: ['b', at], doneAt: [100, at] },
      { title: ['e', at], due: ['2026-01-03', at], position: ['B', at] },
    ];
    await ada.pushed(rows.map((fields, index) => ada.op('todos', ids[index] ?? '', fields)));
    await ada.pushed([
      ada.op('todos', ids[5] ?? '', { title: ['x', at], due: ['2026-01-01', at] }, { deleted: [true, at] }),
    ]);
    await ada.pushed([ada.op('iterations', randomUUID(), { missionId: [ids[0], at], slot: ['s1', at] })]);
  });
  afterAll(() => db.close());

  it('reads a row with its defaults, also a deleted one by id', async () => {
    const row = await read((reader) => reader.get(todos, ids[0] ?? ''));
    expect(row).toMatchObject({
      id: ids[0],
      title: 'a',
      note: '',
      done: false,
      listId: null,
      deleted: false,
      accepted: null,
    });
    expect(await read((reader) => reader.get(todos, ids[5] ?? ''))).toMatchObject({ title: 'x', deleted: true });
    expect(await read((reader) => reader.get(todos, randomUUID()))).toBeUndefined();
  });

  it.each<[Query, string]>([
    [{ by: 'due' }, 'bae'],
    [{ by: 'due', reverse: true }, 'eab'],
    [{ by: 'due', equals: '2026-01-01' }, 'b'],
    [{ by: 'due', equals: '2026-01-01', withDeleted: true }, 'bx'],
    [{ by: 'due', from: '2026-01-02' }, 'ae'],
    [{ by: 'due', to: '2026-01-02' }, 'ba'],
    [{ by: 'due', from: '2026-01-02', to: '2026-01-02' }, 'a'],
    [{ by: 'due', anyOf: ['2026-01-03', '2026-01-02', 'no'] }, 'ae'],
    [{ by: 'doneAt' }, 'cbd'],
    [{ by: 'doneAt', from: 20 }, 'bd'],
    [{ by: 'doneAt', reverse: true, limit: 1 }, 'd'],
    [{ by: 'position' }, 'eabdc'],
    [{ by: '[listId+position]', equals: [null] }, 'eabdc'],
    [{ by: '[due+position]', equals: ['2026-01-02', 'Z'] }, 'a'],
  ])('%j -> %s', async (query, expected) => {
    const found = await titles(query);
    // ids are random: within equal keys any order is right
    expect(query.withDeleted ? [...found].sort().join('') : found).toBe(expected);
  });

  it('finds null by asking for it, an absent cell by its default', async () => {
    expect([...(await titles({ by: 'due', equals: null }))].sort().join('')).toBe('cd');
    expect(await read((reader) => reader.count(todos, { by: 'listId', equals: null }))).toBe(5);
    expect(await read((reader) => reader.count(todos))).toBe(5);
    expect(await read((reader) => reader.count(todos, { withDeleted: true }))).toBe(6);
    expect(await read((reader) => reader.list(todos))).toHaveLength(5);
  });

  it('reads insert-only rows with when they were accepted', async () => {
    const [row] = await read((reader) =>
      reader.list(iterations, { by: '[missionId+slot]', equals: [ids[0] ?? '', 's1'] }),
    );
    expect(row?.accepted).toMatch(/^[0-9a-f]{12}-[0-9a-f]{4}-0{16}$/);
    expect(row?.outcome).toBe('planned');
  });
});
