import { type LocalDb, openLocalDb } from '@manara/local-db/open-local-db';
import { browserSeams } from '@manara/local-db/seams';
import { failedReads } from '@manara/local-db/svelte/live-query.svelte';
import type { Write } from '@manara/sync-core/write';
import { put, remove } from '@manara/sync-core/write';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import { DONE_MAX } from '../queries.ts';
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
  const name = `todo-page-${seams.newClientId()}`;
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

describe('keys', () => {
  it('go through the lines with the focus', async () => {
    await wide();
    await show();
    await expect.element(row('Bread')).toBeVisible();
    await userEvent.keyboard('j');
    await expect.element(row('Bread')).toHaveFocus();
    await userEvent.keyboard('jj');
    await expect.element(row('Salt')).toHaveFocus();
    await userEvent.keyboard('k');
    await expect.element(row('Milk')).toHaveFocus();
  });

  it('act on the line that has the focus, and go on with the next', async () => {
    await wide();
    await show();
    await expect.element(row('Bread')).toBeVisible();
    await userEvent.keyboard('j');
    await userEvent.tab();
    await userEvent.tab();
    await userEvent.tab();
    await expect.element(row('Milk')).toHaveFocus();
    await userEvent.keyboard('{Delete}');
    await expect.element(row('Milk')).not.toBeInTheDocument();
    await expect.element(row('Salt')).toHaveFocus();
    await userEvent.keyboard('x');
    await expect.element(row('Salt')).not.toBeInTheDocument();
    await expect.element(row('Bread')).toHaveFocus();
    expect((await db.reader.get(todos, ids.Bread))?.done).toBe(false);
  });

  it('give the focus back to the line whose title was edited', async () => {
    await wide();
    await show();
    await expect.element(row('Bread')).toBeVisible();
    await userEvent.keyboard('je');
    await expect.element(page.getByRole('textbox', { name: 'Title' })).toHaveFocus();
    await userEvent.keyboard('Butter{Enter}');
    await expect.element(row('Butter')).toHaveFocus();
  });
});

describe('the menu of a line', () => {
  it('deletes it and leaves the focus on the next', async () => {
    await wide();
    await show();
    await page.getByRole('button', { name: 'More for Milk' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await expect.element(row('Milk')).not.toBeInTheDocument();
    await expect.element(row('Salt')).toHaveFocus();
  });

  it('moves the line and keeps the focus on it', async () => {
    await wide();
    await show();
    await page.getByRole('button', { name: 'More for Salt' }).click();
    await page.getByRole('menuitem', { name: 'Move to today' }).click();
    await expect.element(page.getByRole('heading', { name: 'Today', level: 2 })).toBeVisible();
    await expect.element(row('Salt')).toHaveFocus();
  });
});

describe('the detail, wide', () => {
  it('has the focus when it was opened, acts on its todo, and gives the focus back on Escape from a field', async () => {
    await wide();
    await show();
    await expect.element(row('Bread')).toBeVisible();
    await userEvent.keyboard('jj{Enter}');
    const detail = page.getByRole('group', { name: 'Milk' });
    await expect.element(detail).toHaveFocus();
    await userEvent.keyboard('x');
    await vi.waitFor(async () => expect((await db.reader.get(todos, ids.Milk))?.done).toBe(true));
    // The key turns round what is on show.
    await expect.element(detail.getByRole('checkbox', { name: 'Done', exact: true })).toBeChecked();
    await userEvent.keyboard('x');
    await vi.waitFor(async () => expect((await db.reader.get(todos, ids.Milk))?.done).toBe(false));
    await expect.element(row('Milk')).toBeVisible();

    await page.getByLabelText('Note').click();
    await userEvent.keyboard('fresh{Escape}');
    await expect.element(detail).not.toBeInTheDocument();
    await vi.waitFor(() => expect(['Milk', 'Salt']).toContain(focused()));
    await vi.waitFor(async () => expect((await db.reader.get(todos, ids.Milk))?.note).toBe('fresh'));
  });

  it('gives the focus to the next line when its todo is deleted there', async () => {
    await wide();
    await show();
    await row('Bread').click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect.element(row('Bread')).not.toBeInTheDocument();
    await expect.element(row('Milk')).toHaveFocus();
  });
});

describe('the detail, on a phone', () => {
  it('gives the focus to the next line when its todo is deleted there', async () => {
    await phone();
    await show();
    await row('Milk').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await expect.element(row('Milk')).not.toBeInTheDocument();
    await expect.element(row('Salt')).toHaveFocus();
  });
});

describe('the history', () => {
  it('has one step more for an open todo, and none after it was closed', async () => {
    await phone();
    const ongo = vi.fn();
    await show({ ongo });
    await row('Bread').click();
    await expect.element(page.getByRole('dialog', { name: 'Todo' })).toBeVisible();
    expect(ongo.mock.calls).toEqual([[false]]);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
    await rested();
    expect(ongo).toHaveBeenCalledOnce();
    await expect.element(row('Bread')).toHaveFocus();
    history.forward();
    await expect.element(page.getByRole('dialog', { name: 'Todo' })).toBeVisible();
  });

  it('keeps the page before, when the address named the todo', async () => {
    await phone();
    const ongo = vi.fn();
    await show({ ongo, openId: ids.Milk });
    await expect.element(page.getByRole('dialog', { name: 'Todo' })).toBeVisible();
    await userEvent.keyboard('{Escape}');
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
    await rested();
    expect(ongo.mock.calls).toEqual([[true]]);
  });

  it('keeps the page before, when the address asked for a new todo', async () => {
    await phone();
    const ongo = vi.fn();
    await show({ ongo, adding: true });
    await row('Bread').click();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
    expect(ongo.mock.calls).toEqual([[true], [true]]);
  });

  it('hears nothing of a page that is gone', async () => {
    await phone();
    const ongo = vi.fn();
    const screen = await show({ ongo, openId: ids.Milk });
    await expect.element(page.getByRole('dialog', { name: 'Todo' })).toBeVisible();
    await screen.unmount();
    await rested();
    expect(ongo).not.toHaveBeenCalled();
  });

  it('takes the next todo for the one before it', async () => {
    await wide();
    const ongo = vi.fn();
    await show({ ongo });
    await row('Bread').click();
    await row('Salt').click();
    await expect.element(page.getByRole('group', { name: 'Salt' })).toBeVisible();
    await page.getByRole('button', { name: 'Close details' }).click();
    await expect.element(page.getByRole('group', { name: 'Salt' })).not.toBeInTheDocument();
    await expect.element(row('Salt')).toHaveFocus();
    expect(ongo.mock.calls).toEqual([[false], [true], [true]]);
  });
});

describe('the lists, on a phone', () => {
  const chip = (name: RegExp) => page.getByRole('navigation', { name: 'Lists' }).getByRole('button', { name });
  const long = 'Groceries and other things for the weekend and the week after it';

  beforeEach(async () => {
    const titles = ['Work', 'Home', long, 'Some day', 'Garden', 'Books'];
    await write(...titles.map((title, at) => put(todoLists, seams.newId(), { title, position: `a${at}` })));
  });

  it('keep the one on show in view, and the way to a new one', async () => {
    await phone();
    await show();
    await chip(/^Books/).click();
    await expect.element(page.getByRole('heading', { name: 'Books', level: 1 })).toBeVisible();
    await expect.element(chip(/^All/)).not.toBeInViewport();
    await expect.element(chip(/^Books/)).toBeInViewport({ ratio: 1 });
    await expect.element(chip(/^New list/)).toBeInViewport({ ratio: 1 });
    await page.getByRole('button', { name: 'More for this list' }).click();
    await page.getByRole('menuitem', { name: 'Delete list' }).click();
    await expect.element(chip(/^Books/)).not.toBeInTheDocument();
    await expect.element(chip(/^All/)).toBeInViewport({ ratio: 1 });
  });

  it('cut a name that is too long inside its own chip', async () => {
    await phone();
    await show();
    await expect.element(chip(/^Books/)).toBeInTheDocument();
    const of = (name: RegExp) => chip(name).element().getBoundingClientRect();
    expect(of(/^Groceries/).right).toBeLessThanOrEqual(of(/^Some day/).left);
    for (const part of chip(/^Groceries/).element().children)
      expect(part.getBoundingClientRect().right).toBeLessThanOrEqual(of(/^Groceries/).right);
  });
});

describe('done long ago', () => {
  beforeEach(async () => {
    await write(
      ...Array.from({ length: DONE_MAX + 2 }, (_, at) =>
        put(todos, seams.newId(), { title: `done ${at}`, done: true, doneAt: at + 1 }),
      ),
    );
  });

  it('is counted, and found by a search', async () => {
    await wide();
    await show();
    await expect.element(page.getByText(`3 open · ${DONE_MAX}+ done`)).toBeVisible();
    await page.getByRole('button', { name: `Show ${DONE_MAX} done todos` }).click();
    await expect.element(page.getByText('2 older done todos not listed. Search finds them.')).toBeVisible();
    await expect.element(row('done 0')).not.toBeInTheDocument();
    await page.getByRole('searchbox', { name: 'Search todos' }).fill('done 0');
    await expect.element(row('done 0')).toBeVisible();
  });

  it('opens by its address, until it is deleted', async () => {
    await wide();
    const oldest = await db.reader.list(todos, { by: 'doneAt', from: 0, limit: 1 });
    await show({ openId: oldest[0]?.id ?? '' });
    await expect.element(page.getByRole('group', { name: 'done 0' })).toBeVisible();
    await write(remove(todos, oldest[0]?.id ?? ''));
    await expect.element(page.getByRole('group', { name: 'done 0' })).not.toBeInTheDocument();
  });
});

it('keeps what was typed when it could not be stored', async () => {
  await wide();
  const screen = await show({ refusing: true });
  const box = page.getByRole('textbox', { name: 'Add a todo' });
  await box.fill('Call Bo');
  await page.getByText('Tomorrow').click();
  await box.click();
  await userEvent.keyboard('{Enter}');
  await expect.element(box).toHaveValue('Call Bo');
  await expect.element(page.getByRole('radio', { name: 'Tomorrow' })).toBeChecked();
  await screen.rerender({ refusing: false });
  await userEvent.keyboard('{Enter}');
  await expect.element(row('Call Bo')).toBeVisible();
  await expect.element(box).toHaveValue('');
});

describe('when a write is refused', () => {
  it('a deleted todo stays in its list, and nothing says that it is gone', async () => {
    await wide();
    const onundoable = vi.fn();
    await show({ refusing: true, onundoable });
    await row('Milk').click();
    await page.getByRole('group', { name: 'Milk' }).getByRole('button', { name: 'Delete' }).click();
    await rested();
    await expect.element(row('Milk')).toHaveFocus();
    expect(onundoable).not.toHaveBeenCalled();
  });

  it('the line that has the focus keeps it', async () => {
    await wide();
    await show({ refusing: true });
    await expect.element(row('Bread')).toBeVisible();
    await userEvent.keyboard('j{Delete}');
    await rested();
    await expect.element(row('Bread')).toHaveFocus();
    await userEvent.keyboard('x');
    await rested();
    await expect.element(row('Bread')).toHaveFocus();
  });

  it('boxes and choices show what is stored', async () => {
    await wide();
    await show({ refusing: true, openId: ids.Milk });
    const detail = page.getByRole('group', { name: 'Milk' });
    await detail.getByText('Not done').click();
    await detail.getByLabelText('Priority').selectOptions('High');
    await page.getByRole('checkbox', { name: 'Done: Bread' }).click({ force: true });
    await rested();
    await expect.element(detail.getByLabelText('Not done')).not.toBeChecked();
    await expect.element(detail.getByLabelText('Priority')).toHaveDisplayValue('None');
    await expect.element(page.getByRole('checkbox', { name: 'Done: Bread' })).not.toBeChecked();
  });

  it('a title that was edited stays in its field until it is stored or given up', async () => {
    await wide();
    const screen = await show({ refusing: true });
    await expect.element(row('Bread')).toBeVisible();
    await userEvent.keyboard('je');
    const field = page.getByRole('textbox', { name: 'Title' });
    await field.fill('Rye bread');
    await userEvent.keyboard('{Enter}');
    await rested();
    await expect.element(field).toHaveValue('Rye bread');
    await screen.rerender({ refusing: false });
    await userEvent.keyboard('{Enter}');
    await expect.element(row('Rye bread')).toHaveFocus();
    await screen.rerender({ refusing: true });
    await userEvent.keyboard('e');
    await field.fill('White bread');
    await userEvent.keyboard('{Enter}');
    await rested();
    await userEvent.keyboard('{Escape}');
    await expect.element(row('Rye bread')).toHaveFocus();
  });

  it('the name of a list stays in its dialog', async () => {
    await wide();
    const screen = await show({ refusing: true });
    await page.getByRole('button', { name: 'New list' }).click();
    const dialog = page.getByRole('dialog', { name: 'New list' });
    await dialog.getByLabelText('Name').fill('Errands');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await rested();
    await expect.element(dialog.getByLabelText('Name')).toHaveValue('Errands');
    await screen.rerender({ refusing: false });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect.element(page.getByRole('heading', { name: 'Errands', level: 1 })).toBeVisible();
  });

  it('a list that is deleted stays on show', async () => {
    await wide();
    await write(put(todoLists, seams.newId(), { title: 'Errands', position: 'a0' }));
    const onundoable = vi.fn();
    await show({ refusing: true, onundoable });
    await page.getByRole('button', { name: /^Errands/ }).click();
    await page.getByRole('button', { name: 'More for this list' }).click();
    await page.getByRole('menuitem', { name: 'Delete list' }).click();
    await rested();
    await expect.element(page.getByRole('heading', { name: 'Errands', level: 1 })).toBeVisible();
    expect(onundoable).not.toHaveBeenCalled();
  });
});

it('does not take a failed read for nothing', async () => {
  const failing = () => Promise.reject(new Error('boom'));
  for (const read of ['get', 'list', 'count'] as const) vi.spyOn(db.reader, read).mockImplementation(failing);
  await render(TodoHarness, { db });
  await vi.waitFor(() => expect(failedReads.size).toBeGreaterThan(0));
  for (const words of ['Nothing here yet', 'Loading', '0']) expect(page.getByText(words).elements()).toEqual([]);
});
