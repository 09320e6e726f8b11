import { createRawSnippet } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import Dialog from './Dialog.svelte';

const words = createRawSnippet(() => ({ render: () => '<p>Words</p>' }));
const form = createRawSnippet(() => ({ render: () => '<div><input aria-label="Reason"></div>' }));
const switched = createRawSnippet(() => ({ render: () => '<div><input type="checkbox" aria-label="Keys"></div>' }));
let opener: HTMLButtonElement | undefined;

function focusOpener(): HTMLButtonElement {
  opener = document.createElement('button');
  opener.textContent = 'Open';
  document.body.append(opener);
  opener.focus();
  return opener;
}

/** What the browser tells late has been told. */
const rested = () => new Promise((resolve) => setTimeout(resolve, 50));

afterEach(() => opener?.remove());

it('is named by its title, told by its description, and rendered only while open', async () => {
  const screen = await render(Dialog, {
    open: false,
    title: 'Delete this note?',
    description: 'For good.',
    children: words,
  });
  expect(document.querySelector('dialog')).toBeNull();
  await screen.rerender({ open: true });
  const dialog = page.getByRole('dialog', { name: 'Delete this note?' });
  await expect.element(dialog).toBeVisible();
  await expect.element(dialog).toHaveAccessibleDescription('For good.');
});

it('starts at the first field, keeps focus inside, and gives it back on Escape', async () => {
  const button = focusOpener();
  const onclose = vi.fn();
  await render(Dialog, { open: true, title: 'Reject', children: form, onclose });
  await expect.element(page.getByLabelText('Reason')).toHaveFocus();
  for (let i = 0; i < 4; i++) {
    await userEvent.tab();
    // The body stands for the browser's own controls, which are part of the round.
    const active = document.activeElement;
    expect(active === document.body || active?.closest('dialog')).toBeTruthy();
  }
  await page.getByLabelText('Reason').click();
  await userEvent.keyboard('{Escape}');
  await expect.poll(() => document.querySelector('dialog')).toBeNull();
  expect(document.activeElement).toBe(button);
  expect(onclose).toHaveBeenCalledOnce();
});

it('closes by its button and by a press beside it, not by marking text', async () => {
  focusOpener();
  const screen = await render(Dialog, { open: true, title: 'Keys', children: words });
  await page.getByRole('button', { name: 'Close' }).click();
  await expect.poll(() => document.querySelector('dialog')).toBeNull();

  await screen.rerender({ open: true });
  const dialog = document.querySelector('dialog');
  const inside = dialog?.querySelector('p');
  inside?.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
  dialog?.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  expect(document.querySelector('dialog')).not.toBeNull();

  dialog?.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
  dialog?.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  await expect.poll(() => document.querySelector('dialog')).toBeNull();
});

it('tells of what the person closed, once, and not of what the page closed or took away', async () => {
  focusOpener();
  const onclose = vi.fn();
  const screen = await render(Dialog, { open: true, title: 'Keys', children: words, onclose });
  await page.getByRole('button', { name: 'Close' }).click();
  await rested();
  expect(onclose).toHaveBeenCalledOnce();

  await screen.rerender({ open: false });
  await screen.rerender({ open: true });
  await screen.rerender({ open: false });
  await rested();
  await screen.rerender({ open: true });
  await screen.unmount();
  await rested();
  expect(onclose).toHaveBeenCalledOnce();
});

it('does not start at a switch, which the next Space would turn', async () => {
  await render(Dialog, { open: true, title: 'Keys', children: switched });
  await expect.element(page.getByRole('button', { name: 'Close' })).toHaveFocus();
});
