import { freshDatabase } from '@manara/testkit/fresh-database';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Database, openDatabase } from './client.ts';
import { joinNews, type News } from './news.ts';

let here: Database;
let there: Database;
const fail = (error: unknown) => {
  throw error;
};

beforeEach(async () => {
  const url = await freshDatabase();
  here = await openDatabase({ kind: 'postgres', url });
  there = await openDatabase({ kind: 'postgres', url });
});
afterEach(async () => {
  await here.close();
  await there.close();
});

it('what one process tells, the others hear, and it does not hear itself', async () => {
  const [mine, theirs]: [News[], News[]] = [[], []];
  const line = await joinNews(here, 'a', (news) => mine.push(news), fail);
  await joinNews(there, 'b', (news) => theirs.push(news), fail);
  line.tell({ heads: { space: 7 } });
  line.tell({ space: 'space', run: { phase: 'planning' } });
  await vi.waitFor(() =>
    expect(theirs).toEqual([{ heads: { space: 7 } }, { space: 'space', run: { phase: 'planning' } }]),
  );
  expect(mine).toEqual([]);
});

it('a broken connection is opened again, and what no process of this product says is let go', async () => {
  const heard: News[] = [];
  const line = await joinNews(here, 'a', () => undefined, fail);
  await joinNews(there, 'b', (news) => heard.push(news), fail);
  await here.sql`
    select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen %' and datname = current_database()`;
  await here.sql`select pg_notify('manara_news', 'not JSON')`;
  await here.sql`select pg_notify('manara_news', '{"heads":[]}')`;
  let head = 0;
  await vi.waitFor(() => {
    line.tell({ heads: { space: ++head } });
    expect(heard.length).toBeGreaterThan(0);
  });
  for (const news of heard) expect(news).toHaveProperty('heads.space');
});

it('more than fits is not told, and no fault', async () => {
  const heard: News[] = [];
  const line = await joinNews(here, 'a', () => undefined, fail);
  await joinNews(there, 'b', (news) => heard.push(news), fail);
  line.tell({ space: 'space', run: { phase: 'x'.repeat(9000) } });
  line.tell({ heads: { space: 1 } });
  await vi.waitFor(() => expect(heard).toEqual([{ heads: { space: 1 } }]));
});
