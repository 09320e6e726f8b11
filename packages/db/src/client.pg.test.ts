import { freshDatabase } from '@manara/testkit/fresh-database';
import { expect, test } from 'vitest';
import { openDatabase } from './client.ts';
import { inTransaction } from './in-transaction.ts';

test('connections that the server ended are opened again, with no manual step', async () => {
  const url = await freshDatabase();
  const db = await openDatabase({ kind: 'postgres', url });
  const other = await openDatabase({ kind: 'postgres', url, poolMax: 1 });
  try {
    await Promise.all(Array.from({ length: 10 }, () => db.sql`select pg_sleep(0.02)`));
    await other.sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => inTransaction(db, { role: 'runner' }, (tx) => tx`select 1 as one`)),
    );
    expect(answers.every((rows) => rows[0]?.one === 1)).toBe(true);
  } finally {
    await Promise.all([db.close(), other.close()]);
  }
});

test('a transaction that loses its connection between two statements never touches another session', async () => {
  const db = await openDatabase({ kind: 'postgres', url: await freshDatabase(), poolMax: 2 });
  try {
    let late: unknown;
    let lateDone: Promise<unknown> = Promise.resolve();
    const cut = inTransaction(db, { role: 'owner' }, (tx) => {
      lateDone = (async () => {
        const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
        await db.pool`select pg_terminate_backend(${row?.pid ?? 0})`;
        await new Promise((resolve) => setTimeout(resolve, 100));
        await tx`create table stray (n int)`;
      })().catch((error: unknown) => {
        late = error;
      });
      return lateDone;
    });
    await expect(cut).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    // The pool opens the connection again meanwhile.
    await Promise.all(Array.from({ length: 4 }, () => db.sql`select pg_sleep(0.05)`));
    await lateDone;
    expect((late as Error).message).toContain('has ended');
    expect(await db.sql`select to_regclass('stray')::text as stray`).toEqual([{ stray: null }]);
  } finally {
    await db.close();
  }
});

test('a transaction whose connection is ended fails, and leaves nothing', async () => {
  const db = await openDatabase({ kind: 'postgres', url: await freshDatabase() });
  try {
    const cut = inTransaction(db, { role: 'owner' }, async (tx) => {
      await tx`create table half (n int)`;
      const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await db.pool`select pg_terminate_backend(${row?.pid ?? 0})`;
      await tx`select 1`;
    });
    await expect(cut).rejects.toThrow();
    expect(await db.sql`select to_regclass('half')::text as half`).toEqual([{ half: null }]);
  } finally {
    await db.close();
  }
});
