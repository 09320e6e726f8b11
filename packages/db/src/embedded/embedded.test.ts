import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../client.ts';
import { inTransaction } from '../in-transaction.ts';

let folder: string;
let db: Database;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manara-embedded-'));
  db = await openDatabase({ kind: 'embedded', dataDir: join(folder, 'postgres') });
  await db.sql`create table numbers (n int primary key)`;
}, 60_000);

afterAll(async () => {
  await db.close();
  await rm(folder, { recursive: true, force: true });
});

test('fsync reaches the disk and the settings are the durable ones', async () => {
  const settings = await db.sql`
    select name, setting from pg_settings where name in ('fsync', 'wal_sync_method', 'synchronous_commit') order by name`;
  expect(settings.map((row) => `${row.name}=${row.setting}`)).toEqual([
    'fsync=on',
    'synchronous_commit=on',
    'wal_sync_method=fsync',
  ]);
});

test('transactions of many connections do not interleave', async () => {
  await db.sql`insert into numbers values (0)`;
  const add = () =>
    inTransaction(db, { role: 'owner' }, async (tx) => {
      const [row] = await tx<{ n: number }[]>`select n from numbers`;
      await tx`update numbers set n = ${(row?.n ?? 0) + 1}`;
    });
  await Promise.all(Array.from({ length: 40 }, add));
  expect(await db.sql`select n from numbers`).toEqual([{ n: 40 }]);
});

test('a failed transaction leaves nothing and the next one works', async () => {
  const failing = inTransaction(db, { role: 'owner' }, async (tx) => {
    await tx`insert into numbers values (1000)`;
    await tx`select 1 / 0`;
  });
  await expect(failing).rejects.toThrow('division by zero');
  expect(await db.sql`select n from numbers where n = 1000`).toEqual([]);
});

test('COPY FROM STDIN is refused in words and does not wedge the engine', async () => {
  await expect(db.sql.unsafe('copy numbers from stdin').simple()).rejects.toThrow('COPY FROM STDIN is not supported');
  await expect(db.sql`copy numbers from stdin`).rejects.toThrow('COPY FROM STDIN is not supported');
  expect(await db.sql`select 1 as one`).toEqual([{ one: 1 }]);
});

test('deep recursion answers, with the result or with an error', async () => {
  const nested = (depth: number) => `select ${'('.repeat(depth)}1${')'.repeat(depth)} as one`;
  expect(await db.sql.unsafe(nested(2_000))).toEqual([{ one: 1 }]);
  await db.sql`create function descend(n int) returns int language plpgsql as
    $$ begin return case when n = 0 then 0 else 1 + descend(n - 1) end; end $$`;
  expect(await db.sql`select descend(500) as depth`).toEqual([{ depth: 500 }]);
  await expect(db.sql`select descend(100000)`).rejects.toThrow(/stack depth/);
  expect(await db.sql`select 1 as one`).toEqual([{ one: 1 }]);
});

test('a large value goes through', async () => {
  const text = 'ž'.repeat(3_000_000);
  const [row] = await db.sql<{ text: string }[]>`select ${text}::text as text`;
  expect(row?.text).toBe(text);
});

test('data outlives a restart, and no half-made folder is left', async () => {
  await db.close();
  db = await openDatabase({ kind: 'embedded', dataDir: join(folder, 'postgres') });
  expect(await db.sql`select n from numbers`).toEqual([{ n: 40 }]);
  expect(await readdir(folder)).toEqual(['postgres']);
}, 30_000);
