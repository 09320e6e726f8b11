import { type LocalDb, openLocalDb } from '@manara/local-db/open-local-db';
import { browserSeams } from '@manara/local-db/seams';
import type { Write } from '@manara/sync-core/write';
import { put, remove } from '@manara/sync-core/write';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import { todoLists, todos } from '../schema.ts';
import TodoHarness from './TodoHarness.svelte';

const seams = browserSeams();
const ada = { kind: 'user', id: 'ada', name: 'Ada' } as const;
const ids = { Bread: '', Milk: '', Salt: '' };
let db: LocalDb;

const write = (...writes: Write[]) => db.write(ada, writes);
const row = (title: string) => page.getByRole('button', { name: title, exact: true });
const focused = () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim();
const wide = () => page.viewport(1360, 860);
const phone = () => page.viewport(390, 844);
/** Ends all that is under way, so that "nothing happened" can be told. */
const rested = () => new Promise((resolve) => setTimeout(resolve, 150));

beforeEach(async () => {
  // A test that failed leaves its place in the history.
  history.replaceState(null, '');
  const name = `todo-work-${seams.newClientId()}`;
  const origin = { kind: 'account', space: seams.newId(), clientId: seams.newClientId() } as const;
  db = await openLocalDb({ name, tables: [todos, todoLists], tools: new Map(), origin, seams });
  for (const [at, title] of (['Bread', 'Milk', 'Salt'] as const).entries()) {
    ids[title] = seams.newId();
    await write(put(todos, ids[title], { title, position: `a${at}` }));
  }
});
afterEach(() => db.delete());

async function show(props: Partial<Parameters<typeof render<typeof TodoHarness>>[1]> = {}) {
  const screen = await render(TodoHarness, { db, ...props });
  await expect.element(page.getByRole('heading', { name: 'Todo', level: 1 })).toBeVisible();
  return screen;
}

describe('Enter in the title of a line', () => {
  it('leaves the focus on the line and opens nothing', async () => {
    await wide();
    await show();
    await expect.element(row('Bread')).toBeVisible();
    const field = page.getByRole('textbox', { name: 'Title' });
    for (const keys of ['{Enter}', '{Backspace}{Enter}', '{Escape}', 'Butter{Enter}']) {
      await userEvent.keyboard(keys === '{Enter}' ? 'je' : 'e');
      await expect.element(field).toHaveFocus();
      await userEvent.keyboard(keys);
      await expect.element(field).not.toBeInTheDocument();
      await rested();
      await expect.element(row(keys.startsWith('Butter') ? 'Butter' : 'Bread')).toHaveFocus();
      await expect.element(page.getByRole('group', { name: /Bread|Butter/ })).not.toBeInTheDocument();
    }
  });

  it('opened by the menu leaves the focus on the line too', async () => {
    await wide();
    await show();
    await page.getByRole('button', { name: 'More for Milk' }).click();
    await page.getByRole('menuitem', { name: 'Edit title' }).click();
    await expect.element(page.getByRole('textbox', { name: 'Title' })).toHaveFocus();
    await userEvent.keyboard('Cream{Enter}');
    await expect.element(row('Cream')).toHaveFocus();
    await rested();
    await expect.element(row('Cream')).toHaveFocus();
  });
});

describe('a title that is cleared in the detail', () => {
  it('comes back when the field is left, and says so', async () => {
    await wide();
    await show({ openId: ids.Milk });
    const field = page.getByRole('group', { name: 'Milk' }).getByLabelText('Title');
    await field.fill('');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await db.reader.get(todos, ids.Milk))?.title).toBe('Milk');
    await expect.element(field).toHaveValue('');
    await userEvent.tab();
    await expect.element(field).toHaveValue('Milk');
    await expect.element(page.getByText('A todo needs a title. This one has its old one back.')).toBeVisible();
  });
});

describe('with many todos', () => {
  beforeEach(async () => {
    await write(
      ...Array.from({ length: 40 }, (_, at) =>
        put(todos, seams.newId(), { title: `Row ${at}`, position: `b${at + 100}` }),
      ),
    );
  });

  it('the box stays where it is while one adds', async () => {
    await phone();
    await show();
    const box = page.getByRole('textbox', { name: 'Add a todo' });
    await box.fill('Butter');
    const before = box.element().getBoundingClientRect().top;
    await userEvent.keyboard('{Enter}');
    await expect.element(row('Butter')).toBeInTheDocument();
    await rested();
    expect(box.element().getBoundingClientRect().top).toBe(before);
  });

  it('the one that the address comes to name has the focus, and its line is in view', async () => {
    await wide();
    await show();
    await expect.element(row('Row 39')).toBeInTheDocument();
    const rows = await db.reader.list(todos);
    const last = rows.find(({ title }) => title === 'Row 39');
    history.pushState({ listId: null, openId: last?.id ?? '' }, '');
    dispatchEvent(new PopStateEvent('popstate', { state: history.state }));
    await expect.element(page.getByRole('group', { name: 'Row 39' })).toHaveFocus();
    await expect.element(row('Row 39')).toBeInViewport();
    await userEvent.keyboard('k');
    await expect.element(row('Row 38')).toHaveFocus();
  });
});

describe('taking back', () => {
  it('leaves the focus on the line when the only todo was ticked off', async () => {
    await wide();
    const undo: Write[] = [];
    await write(remove(todos, ids.Milk), remove(todos, ids.Salt));
    await show({ onundoable: (_message, writes) => void undo.push(...writes) });
    await expect.element(row('Bread')).toBeVisible();
    await userEvent.keyboard('jx');
    await expect.element(row('Bread')).not.toBeInTheDocument();
    await rested();
    await write(...undo);
    await expect.element(row('Bread')).toBeVisible();
    await rested();
    expect(focused()).toBe('Bread');
  });
});

describe('text of several lines, pasted into the box', () => {
  const box = () => page.getByRole('textbox', { name: 'Add a todo' });
  const paste = (text: string) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
    return !box().element().dispatchEvent(event);
  };

  it('adds a todo a line, in one step that can be taken back', async () => {
    await wide();
    const undo: Write[] = [];
    const onundoable = vi.fn((_message: string, writes: readonly Write[]) => void undo.push(...writes));
    await show({ onundoable });
    await expect.element(row('Salt')).toBeVisible();
    expect(paste('- Figs\n- [ ] Dates\n\nNuts')).toBe(true);
    await expect.element(row('Nuts')).toBeVisible();
    const lines = page.getByRole('listitem').elements();
    expect(lines.map((line) => line.querySelector('[data-main]')?.textContent?.trim())).toEqual([
      'Bread',
      'Milk',
      'Salt',
      'Figs',
      'Dates',
      'Nuts',
    ]);
    expect(onundoable).toHaveBeenCalledExactlyOnceWith('Added 3 todos', expect.any(Array));
    await write(...undo);
    await expect.element(row('Figs')).not.toBeInTheDocument();
    await expect.element(row('Nuts')).not.toBeInTheDocument();
    await expect.element(row('Salt')).toBeVisible();
  });

  it('adds some hundred, and says so when it is more', async () => {
    await wide();
    const onundoable = vi.fn();
    await show({ onundoable });
    await expect.element(row('Salt')).toBeVisible();
    expect(paste('a\n'.repeat(501))).toBe(true);
    await expect.element(page.getByText(/^That is 501 lines, and 500 todos can be added at once/)).toBeVisible();
    await expect.element(box()).toHaveValue('');
    expect(paste('a\n'.repeat(500))).toBe(true);
    await vi.waitFor(() => expect(onundoable).toHaveBeenCalledWith('Added 500 todos', expect.any(Array)), 10_000);
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
    const all = await db.reader.list(todos);
    expect(all).toHaveLength(503);
    const positions = all.map(({ position }) => position);
    expect(new Set(positions)).toHaveProperty('size', 503);
  });

  it('is left to the browser when there is text already', async () => {
    await wide();
    await show();
    await box().fill('Buy');
    expect(paste('Figs\nDates')).toBe(false);
  });

  it('stays in the box when it could not be stored', async () => {
    await wide();
    await show({ refusing: true });
    expect(paste('Figs\nDates')).toBe(true);
    await expect.element(box()).toHaveValue('Figs Dates');
  });
});
