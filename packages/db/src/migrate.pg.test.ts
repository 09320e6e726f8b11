import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyDatabase } from '@manara/testkit/fresh-database';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assertRowSecurity } from './assert-row-security.ts';
import { type Database, openDatabase } from './client.ts';
import { migrate } from './migrate.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations/', import.meta.url));

let folder: string;
let open: Database[];

beforeEach(async () => {
  open = [];
  folder = await mkdtemp(join(tmpdir(), 'manara-migrations-'));
  await writeFile(join(folder, '0001_first.sql'), 'create table one (n int);');
});

afterEach(async () => {
  await Promise.all(open.map((db) => db.close()));
  await rm(folder, { recursive: true, force: true });
});

async function connect(url: string): Promise<Database> {
  const db = await openDatabase({ kind: 'postgres', url });
  open.push(db);
  return db;
}

describe('on real Postgres', () => {
  test('of many migrators at once one applies everything, once', async () => {
    const url = await emptyDatabase();
    const migrators = await Promise.all(Array.from({ length: 12 }, () => connect(url)));
    const applied = await Promise.all(migrators.map((db) => migrate(db)));
    const names = (await readdir(MIGRATIONS)).filter((name) => /^\d{4}_/.test(name)).sort();
    expect(applied.filter((list) => list.length > 0)).toEqual([names]);
    const db = migrators[0] as Database;
    expect((await db.sql<{ name: string }[]>`select name from migrations order by number`).map((r) => r.name)).toEqual(
      names,
    );
    await assertRowSecurity(db);
  });

  test('many databases of one cluster may be migrated at once, though roles are shared', async () => {
    const databases = await Promise.all(Array.from({ length: 4 }, async () => connect(await emptyDatabase())));
    await Promise.all(databases.map((db) => migrate(db)));
    await Promise.all(databases.map((db) => assertRowSecurity(db)));
  });

  test.each(['createrole', 'nocreaterole'])('a plain owner (%s) is bound by row-level security too', async (right) => {
    const url = new URL(await emptyDatabase());
    const superuser = await connect(url.href);
    // Roles belong to the cluster: with no right to make them the owner needs them beforehand.
    await migrate(superuser);
    const owner = `owner_${right}_${process.pid}`;
    await superuser.sql.unsafe(`create role ${owner} login ${right}`);
    await superuser.sql.unsafe(`grant manara_app, manara_runner, manara_accounts to ${owner}`);
    const plainUrl = new URL(await emptyDatabase());
    await superuser.sql.unsafe(`alter database ${plainUrl.pathname.slice(1)} owner to ${owner}`);
    plainUrl.username = owner;
    const plain = await connect(plainUrl.href);
    await migrate(plain);
    await assertRowSecurity(plain);
    const [session] = await plain.sql`select rolsuper as superuser from pg_roles where rolname = current_user`;
    expect(session?.superuser).toBe(false);
    await superuser.sql.unsafe(`drop database ${plainUrl.pathname.slice(1)} with (force)`);
    await superuser.sql.unsafe(`drop role ${owner}`);
  });

  test('a failing migration leaves nothing behind and can be mended', async () => {
    const db = await connect(await emptyDatabase());
    await writeFile(join(folder, '0002_second.sql'), 'create table two (n int); select 1 / 0;');
    await expect(migrate(db, folder)).rejects.toThrow('Migration 0002_second.sql failed: division by zero');
    expect(await db.sql`select to_regclass('one')::text as one`).toEqual([{ one: null }]);
    await writeFile(join(folder, '0002_second.sql'), 'create table two (n int);');
    expect(await migrate(db, folder)).toEqual(['0001_first.sql', '0002_second.sql']);
    expect(await migrate(db, folder)).toEqual([]);
  });

  test('a migration changed after it was applied is refused', async () => {
    const db = await connect(await emptyDatabase());
    await migrate(db, folder);
    await writeFile(join(folder, '0001_first.sql'), 'create table one (n bigint);');
    await expect(migrate(db, folder)).rejects.toThrow('0001_first.sql was changed after it was applied');
  });

  test('a database newer than the program is refused', async () => {
    const db = await connect(await emptyDatabase());
    await copyFile(join(folder, '0001_first.sql'), join(folder, '0002_second.sql'));
    await writeFile(join(folder, '0002_second.sql'), 'create table two (n int);');
    await migrate(db, folder);
    await rm(join(folder, '0002_second.sql'));
    await expect(migrate(db, folder)).rejects.toThrow('newer than this program');
  });

  test('a gap in the numbers is refused', async () => {
    const db = await connect(await emptyDatabase());
    await writeFile(join(folder, '0003_third.sql'), 'select 1;');
    await expect(migrate(db, folder)).rejects.toThrow('expected 2');
  });
});
