import postgres from 'postgres';
import { afterAll, expect, inject, test } from 'vitest';
import { emptyDatabase, freshDatabase } from './fresh-database.ts';

const open: postgres.Sql[] = [];
function connect(url: string): postgres.Sql {
  const sql = postgres(url, { max: 1 });
  open.push(sql);
  return sql;
}
afterAll(() => Promise.all(open.map((sql) => sql.end())));

test('a fresh database has every migration and is nobody else’s', async () => {
  const first = connect(await freshDatabase());
  const second = connect(await freshDatabase());
  const rows = await first`select number from public.migrations order by number`;
  expect(rows.length).toBeGreaterThan(0);
  await first`create table only_here (id int)`;
  const seen = await second`select to_regclass('only_here') as found`;
  expect(seen[0]?.found).toBeNull();
});

test('an empty database has no tables', async () => {
  const sql = connect(await emptyDatabase());
  const rows = await sql`select count(*)::int as tables from pg_tables where schemaname = 'public'`;
  expect(rows[0]?.tables).toBe(0);
});

test('the server’s text order is not byte order unless asked, as on most machines', async ({ skip }) => {
  skip(Boolean(process.env.DATABASE_URL), 'the server of DATABASE_URL has an order of its own');
  const sql = connect(inject('postgresUrl'));
  const rows = await sql`select ('a' < 'B') as ours, ('a' < 'B' collate "C") as bytes`;
  expect(rows[0]).toEqual({ ours: true, bytes: false });
});
