import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import AppHarness, { openTestApp, type TestApp } from './AppHarness.svelte';
import KeyboardHelp from './KeyboardHelp.svelte';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
});
afterEach(() => app.workspace.db.delete());

it('a message over a dialog can be pressed and tabbed to, and outlives it', async () => {
  const given = { open: true, commands: [], singleKeys: true };
  await render(AppHarness, { app, view: KeyboardHelp as never, given });
  await expect.element(page.getByRole('dialog')).toBeVisible();
  const undo = vi.fn();
  app.toasts.show({ message: 'Approved 1 change', undo });
  // By role: what is inert has none.
  const button = page.getByRole('button', { name: 'Undo' });
  await expect.element(button).toBeVisible();
  page.getByRole('switch').element().focus();
  await userEvent.tab();
  await expect.element(button).toHaveFocus();
  await button.click();
  expect(undo).toHaveBeenCalledOnce();

  app.toasts.show({ message: 'Not saved', tone: 'bad' });
  await userEvent.keyboard('{Escape}');
  await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
  await expect.element(page.getByRole('status')).toHaveTextContent('Not saved');
});
