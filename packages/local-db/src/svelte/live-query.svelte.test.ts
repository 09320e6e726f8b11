import { milestones } from '@manara/shared-ai/tables/missions';
import type { Actor } from '@manara/sync-core/actor';
import { put } from '@manara/sync-core/write';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type LocalDb, openLocalDb } from '../open-local-db.ts';
import { browserSeams } from '../seams.ts';
import { failedReads, LiveQuery } from './live-query.svelte.ts';

const ada: Actor = { kind: 'user', id: 'ada', name: 'Ada' };
const seams = browserSeams();
let db: LocalDb;
let open: () => Promise<LocalDb>;
let cleanups: (() => void)[] = [];
beforeEach(async () => {
  const name = `live-query-${seams.newClientId()}`;
  const origin = { kind: 'account', space: seams.newId(), clientId: seams.newClientId() } as const;
  open = () => openLocalDb({ name, tables: [milestones], tools: new Map(), origin, seams });
  db = await open();
});
afterEach(async () => {
  for (const cleanup of cleanups) cleanup();
  cleanups = [];
  await db.delete();
});

/** Reads in an effect, as a component does, and keeps what it saw. */
function reading<T>(read: () => T): T[] {
  const seen: T[] = [];
  cleanups.push(
    $effect.root(() => {
      $effect(() => {
        seen.push(read());
      });
    }),
  );
  flushSync();
  return seen;
}
const title = (id: string) => async () => (await db.reader.get(milestones, id))?.title;

it('stays current, and tells a row that is not there as ready and undefined', async () => {
  const id = seams.newId();
  const query = new LiveQuery(title(id), 'initial');
  expect([query.current, query.status]).toEqual(['initial', 'loading']);
  const seen = reading(() => [query.status, query.current] as const);
  await vi.waitFor(() => expect(seen.at(-1)).toEqual(['ready', undefined]));
  await db.write(ada, [put(milestones, id, { title: 'first' })]);
  await vi.waitFor(() => expect(seen.at(-1)).toEqual(['ready', 'first']));
});

it('hears what another connection writes, as another tab does', async () => {
  const id = seams.newId();
  const query = new LiveQuery(title(id), undefined);
  const seen = reading(() => query.current);
  const other = await open();
  await other.write(ada, [put(milestones, id, { title: 'from the other tab' })]);
  await vi.waitFor(() => expect(seen.at(-1)).toBe('from the other tab'));
  other.close();
});

it('is shared by its readers and ends with the last', async () => {
  const run = vi.fn(title(seams.newId()));
  const query = new LiveQuery(run, undefined);
  reading(() => query.current);
  reading(() => query.status);
  await vi.waitFor(() => expect(query.status).toBe('ready'));
  expect(run).toHaveBeenCalledTimes(1);
  for (const cleanup of cleanups.splice(0)) cleanup();
  flushSync();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await db.write(ada, [put(milestones, seams.newId(), { title: 'unheard' })]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(run).toHaveBeenCalledTimes(1);
  expect(query.current).toBeUndefined();
});

it('follows plain values when it is made anew in $derived', async () => {
  const ids = [seams.newId(), seams.newId()];
  await db.write(ada, [
    put(milestones, ids[0] ?? '', { title: 'one' }),
    put(milestones, ids[1] ?? '', { title: 'two' }),
  ]);
  let at = $state(0);
  const query = $derived.by(() => new LiveQuery(title(ids[at] ?? ''), undefined));
  const seen = reading(() => query.current);
  await vi.waitFor(() => expect(seen.at(-1)).toBe('one'));
  at = 1;
  await vi.waitFor(() => expect(seen.at(-1)).toBe('two'));
});

it('says that a query failed and keeps the last good value', async () => {
  let broken = false;
  const id = seams.newId();
  const query = new LiveQuery(async () => {
    const value = (await db.reader.get(milestones, id))?.title;
    if (broken) throw new Error('no');
    return value;
  }, undefined);
  const seen = reading(() => query.status);
  await db.write(ada, [put(milestones, id, { title: 'good' })]);
  await vi.waitFor(() => expect(query.current).toBe('good'));
  broken = true;
  await db.write(ada, [put(milestones, id, { title: 'bad' })]);
  await vi.waitFor(() => expect(seen.at(-1)).toBe('failed'));
  expect(query.current).toBe('good');
  expect(query.error).toBeInstanceOf(Error);
});

it('is listed while it fails and someone reads it, and can be tried again', async () => {
  let broken = true;
  const query = new LiveQuery(async () => {
    if (broken) throw new DOMException('boom', 'DataError');
    return 'good';
  }, undefined);
  const status = reading(() => query.status);
  await vi.waitFor(() => expect(status.at(-1)).toBe('failed'));
  expect([...failedReads.keys()]).toEqual([query]);
  await query.retry();
  expect([query.status, failedReads.size]).toEqual(['failed', 1]);
  broken = false;
  await query.retry();
  expect([query.status, query.current, failedReads.size]).toEqual(['ready', 'good', 0]);

  broken = true;
  await query.retry();
  expect([query.status, query.current, failedReads.size]).toEqual(['failed', 'good', 1]);
  for (const cleanup of cleanups.splice(0)) cleanup();
  await vi.waitFor(() => expect(failedReads.size).toBe(0));
});

it('says which store could not be read', async () => {
  const get = vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(() => {
    throw new DOMException('boom', 'DataError');
  });
  const query = new LiveQuery(title(seams.newId()), undefined);
  const status = reading(() => query.status);
  await vi.waitFor(() => expect(status.at(-1)).toBe('failed'));
  get.mockRestore();
  expect(query.error).toMatchObject({
    name: 'UnreadableStore',
    store: 'milestones',
    message: expect.stringContaining('boom'),
  });
});

it('takes $state proxies at the write door', async () => {
  const id = seams.newId();
  const draft = $state({ evidence: { notes: ['a'] } });
  expect(await db.write(ada, [put(milestones, id, { evidence: draft.evidence })])).toMatchObject({ ok: true });
  expect((await db.reader.get(milestones, id))?.evidence).toEqual({ notes: ['a'] });
});
