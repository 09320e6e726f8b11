import { notes } from '@manara/modules/notes/schema';
import { readRow } from '@manara/sync-core/define-table';
import type { RowReader } from '@manara/sync-core/reader';
import type { Write } from '@manara/sync-core/write';
import { beforeEach, expect, it } from 'vitest';
import { forgetDrafts, rescueDrafts } from './rescue-drafts.ts';

const id = '018f0000-0000-7000-8000-000000000001';
const key = (client: string, field = 'body', record = id): string => `manara.draft|${client}|notes|${record}|${field}`;
const left = (text: string): string => JSON.stringify({ text, basis: 'seen' });
let items: Map<string, string>;
let written: Write[];
const store = {
  getItem: (name: string) => items.get(name) ?? null,
  removeItem: (name: string) => void items.delete(name),
  key: (at: number) => [...items.keys()][at] ?? null,
  get length() {
    return items.size;
  },
};
const reader = {
  get: async (_table: unknown, wanted: string) =>
    wanted === id ? { ...readRow(notes, id, {}), body: 'stored' } : undefined,
} as unknown as RowReader;
const rescue = (accepts = true) =>
  rescueDrafts(store, 'mine', reader, async (writes) => {
    if (accepts) written.push(...writes);
    return accepts;
  });

beforeEach(() => {
  items = new Map([['unrelated', 'x']]);
  written = [];
});

it('writes a text that the closing tab could not', async () => {
  items.set(key('mine'), left('last words'));
  expect(await rescue()).toBe(1);
  expect(written).toEqual([{ table: 'notes', id, set: { body: 'last words' }, basis: { body: 'seen' } }]);
  expect([...items.keys()]).toEqual(['unrelated']);
});

it('lets go of what was stored after all, and of texts of records that are gone', async () => {
  items
    .set(key('mine'), left('stored'))
    .set(key('mine', 'body', 'gone'), left('x'))
    .set('manara.draft|mine|nowhere|a|b', left('x'))
    .set(key('mine', 'title'), 'unreadable');
  expect(await rescue()).toBe(0);
  expect(written).toEqual([]);
  expect(items.size).toBe(1);
});

it("never touches another account's text", async () => {
  items.set(key('theirs'), left('secret'));
  await rescue();
  expect(written).toEqual([]);
  expect(items.get(key('theirs'))).toBe(left('secret'));
});

it('keeps what is refused for the next start', async () => {
  items.set(key('mine'), left('too long'));
  expect(await rescue(false)).toBe(0);
  expect(items.get(key('mine'))).toBe(left('too long'));
});

it('forgets the texts of one account alone', () => {
  items.set(key('mine'), left('last words'));
  items.set(key('other'), left('theirs'));
  forgetDrafts(store, 'mine');
  expect([...items.keys()]).toEqual(['unrelated', key('other')]);
});
