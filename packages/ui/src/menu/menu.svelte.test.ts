import { expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import MenuHarness from './MenuHarness.svelte';

it('opens by key, moves by arrows and letters, and gives focus back', async () => {
  const onselect = vi.fn();
  await render(MenuHarness, { onselect });
  const trigger = page.getByRole('button', { name: 'More actions' });
  (trigger.element() as HTMLElement).focus();
  await expect.element(trigger).toHaveAttribute('aria-expanded', 'false');

  await userEvent.keyboard('{ArrowDown}');
  await expect.element(trigger).toHaveAttribute('aria-expanded', 'true');
  await expect.element(page.getByRole('menuitem', { name: 'Edit' })).toHaveFocus();
  await userEvent.keyboard('{ArrowDown}');
  // "Move" is disabled and stepped over.
  await expect.element(page.getByRole('menuitem', { name: 'Delete' })).toHaveFocus();
  await userEvent.keyboard('{ArrowDown}');
  await expect.element(page.getByRole('menuitem', { name: 'Edit' })).toHaveFocus();
  await userEvent.keyboard('d');
  await expect.element(page.getByRole('menuitem', { name: 'Delete' })).toHaveFocus();

  await userEvent.keyboard('{Enter}');
  expect(onselect).toHaveBeenCalledExactlyOnceWith('delete');
  await expect.element(trigger).toHaveFocus();
  await expect.element(trigger).toHaveAttribute('aria-expanded', 'false');
});

it('closes on Escape and does nothing', async () => {
  const onselect = vi.fn();
  await render(MenuHarness, { onselect });
  await page.getByRole('button', { name: 'More actions' }).click();
  await userEvent.keyboard('{Escape}');
  await expect.element(page.getByRole('button', { name: 'More actions' })).toHaveFocus();
  expect(onselect).not.toHaveBeenCalled();
});

it('does not run a disabled item', async () => {
  const onselect = vi.fn();
  await render(MenuHarness, { onselect });
  await page.getByRole('button', { name: 'More actions' }).click();
  page
    .getByRole('menuitem', { name: 'Move' })
    .element()
    .dispatchEvent(new MouseEvent('click', { bubbles: true }));
  expect(onselect).not.toHaveBeenCalled();
});
