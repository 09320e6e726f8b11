import { type LocalDb, openLocalDb } from '@manara/local-db/open-local-db';
import { browserSeams } from '@manara/local-db/seams';
import { failedReads } from '@manara/local-db/svelte/live-query.svelte';
import { put, remove } from '@manara/sync-core/write';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import { notes } from '../schema.ts';
import NotesHarness from './NotesHarness.svelte';

const seams = browserSeams();
const ada = { kind: 'user', id: 'ada', name: 'Ada' } as const;
const ids = { Boat: '', Trip: '' };
let db: LocalDb;

const row = (title: string) => page.getByRole('button', { name: title, exact: true });
const text = () => page.getByRole('textbox', { name: 'Text, in Markdown' });
const write = (note: keyof typeof ids, body: string, title: string = note) =>
  db.write(ada, [put(notes, ids[note], { title, body })]);
const body = async (title: keyof typeof ids) => (await db.reader.get(notes, ids[title]))?.body;
/** Ends all that is under way, so that "nothing happened" can be told. */
const rested = () => new Promise((resolve) => setTimeout(resolve, 150));
beforeEach(async () => {
  await page.viewport(1360, 860);
  const name = `notes-page-${seams.newClientId()}`;
  const origin = { kind: 'account', space: seams.newId(), clientId: seams.newClientId() } as const;
  db = await openLocalDb({ name, tables: [notes], tools: new Map(), origin, seams });
  for (const [title, of] of [
    ['Boat', 'Varnish the deck'],
    ['Trip', '- [ ] pack\n- [ ] book\n- [ ] '],
  ] as const) {
    ids[title] = seams.newId();
    await db.write(ada, [put(notes, ids[title], { title, body: of })]);
  }
});
afterEach(() => db.delete());

it('keys go through the notes with the focus and act on the one that has it', async () => {
  await render(NotesHarness, { db });
  await expect.element(row('Boat')).toBeVisible();
  await userEvent.keyboard('j');
  await expect.element(row('Trip')).toHaveFocus();
  await userEvent.tab();
  await expect.element(row('Boat')).toHaveFocus();
  await userEvent.keyboard('{Delete}');
  await expect.element(row('Boat')).not.toBeInTheDocument();
  await expect.element(row('Trip')).toHaveFocus();
});

it('keys act on the open note while the focus is in its editor', async () => {
  await render(NotesHarness, { db });
  await row('Trip').click();
  await userEvent.keyboard('j');
  await expect.element(row('Boat')).toHaveFocus();
  await page.getByRole('button', { name: 'Pin note' }).click();
  await expect.element(page.getByRole('button', { name: 'Unpin note' })).toBeVisible();
  await userEvent.keyboard('{Delete}');
  await expect.element(row('Trip')).not.toBeInTheDocument();
  await expect.element(row('Boat')).toBeVisible();
});

it('typing goes on in the text, however the note was turned to it', async () => {
  await render(NotesHarness, { db, openId: ids.Boat });
  await page.getByRole('button', { name: /^Edit/ }).click();
  await expect.element(text()).toHaveFocus();
  await userEvent.keyboard('{Control>}{End}{/Control}, new words{Backspace}');
  await expect.element(text()).toHaveValue('Varnish the deck, new word');
  await userEvent.keyboard('{Control>}e{/Control}');
  await expect.element(page.getByRole('group', { name: 'Text' })).toHaveFocus();
  await userEvent.keyboard('{Control>}e{/Control}');
  await expect.element(text()).toHaveFocus();
  await page.getByRole('textbox', { name: 'Title' }).click();
  await userEvent.keyboard('{Enter}');
  await expect.element(text()).toHaveFocus();
  await vi.waitFor(async () => expect(await body('Boat')).toBe('Varnish the deck, new word'));
  expect(await db.reader.count(notes)).toBe(2);
});

it('ticks a box of a note that ends with an empty one', async () => {
  await render(NotesHarness, { db, openId: ids.Trip });
  await page.getByRole('checkbox', { name: 'book' }).click();
  await expect.element(page.getByRole('checkbox', { name: 'book' })).toBeChecked();
  await vi.waitFor(async () => expect(await body('Trip')).toBe('- [ ] pack\n- [x] book\n- [ ] '));
});

it('draws the latest, and the others when asked', async () => {
  for (const many of [250, 251]) {
    const later = Array.from({ length: many }, () => put(notes, seams.newId(), { title: 'Later' }));
    expect((await db.write(ada, later)).ok).toBe(true);
  }
  await render(NotesHarness, { db, openId: ids.Boat });
  await expect.element(page.getByText('503 notes')).toBeVisible();
  await expect.element(page.getByRole('article', { name: 'Boat' })).toBeVisible();
  await expect.element(row('Boat')).not.toBeInTheDocument();
  await page.getByRole('button', { name: 'Show more of 3 older' }).click();
  await expect.element(row('Boat')).toBeVisible();
});

it('says that a note is not here only when it is not', async () => {
  const screen = await render(NotesHarness, { db, openId: seams.newId() });
  await expect.element(page.getByRole('heading', { name: 'This note is not here' })).toBeVisible();
  await page.getByRole('button', { name: /^New note/ }).click();
  await expect.element(page.getByRole('textbox', { name: 'Title' })).toHaveFocus();
  await screen.unmount();
  // The note was left empty and is taken away again.
  await vi.waitFor(async () => expect(await db.reader.count(notes)).toBe(2));
});

it('shows what was opened from far down the list, and keeps the list when a long note is scrolled', async () => {
  const before = Array.from({ length: 40 }, (_, at) =>
    put(notes, seams.newId(), { title: `Note ${at}`, body: 'Short' }),
  );
  expect((await db.write(ada, before)).ok).toBe(true);
  await write('Boat', 'A line.\n\n'.repeat(200));
  await render(NotesHarness, { db });
  await expect.element(row('Note 39')).toBeVisible();
  row('Note 2').element().scrollIntoView();
  await row('Note 2').click();
  const heading = (name: string) => page.getByRole('heading', { name, level: 2 });
  await expect.element(heading('Note 2')).toBeInViewport();
  await expect.element(row('Note 2')).toBeInViewport();

  await row('Boat').click();
  const list = row('Boat').element().getBoundingClientRect().top;
  page.getByText('A line.').last().element().scrollIntoView();
  await expect.element(heading('Boat')).not.toBeInViewport();
  expect(row('Boat').element().getBoundingClientRect().top).toBe(list);
  await row('Note 2').click();
  await expect.element(heading('Note 2')).toBeInViewport();
});

it('shows the whole of a long title, and offers to make the first note once', async () => {
  const long = 'word '.repeat(60).trim();
  await write('Boat', 'Varnish the deck', long);
  const screen = await render(NotesHarness, { db, openId: ids.Boat });
  const heading = page.getByRole('heading', { name: long });
  await expect.element(heading).toBeVisible();
  expect(heading.element().scrollWidth).toBeLessThanOrEqual(heading.element().clientWidth);
  await screen.unmount();
  await db.write(ada, [remove(notes, ids.Boat), remove(notes, ids.Trip)]);
  await render(NotesHarness, { db });
  await expect.element(page.getByRole('heading', { name: 'No notes yet' })).toBeVisible();
  expect(page.getByRole('button', { name: /^New note/ }).elements()).toHaveLength(1);
});

describe('when a write is refused', () => {
  it('a deleted note stays open, and nothing says that it is gone', async () => {
    const onundoable = vi.fn();
    await render(NotesHarness, { db, openId: ids.Boat, refusing: true, onundoable });
    await page.getByRole('button', { name: 'Delete note' }).click();
    await rested();
    await expect.element(page.getByRole('article', { name: 'Boat' })).toBeVisible();
    expect(onundoable).not.toHaveBeenCalled();
  });

  it('a new note is not gone to', async () => {
    await render(NotesHarness, { db, refusing: true });
    await page.getByRole('button', { name: 'New note' }).click();
    await rested();
    expect(page.getByText('This note is not here').elements()).toEqual([]);
    await expect.element(row('Boat')).toBeVisible();
  });
});

it('does not take a failed read for nothing', async () => {
  const failing = () => Promise.reject(new Error('boom'));
  for (const read of ['get', 'list', 'count'] as const) vi.spyOn(db.reader, read).mockImplementation(failing);
  await render(NotesHarness, { db, openId: ids.Boat });
  await vi.waitFor(() => expect(failedReads.size).toBeGreaterThan(0));
  for (const words of ['No notes yet', 'This note is not here', 'Loading'])
    expect(page.getByText(words).elements()).toEqual([]);
});
