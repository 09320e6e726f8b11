import { expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import Ghost from './Ghost.svelte';

it.each(['create', 'edit', 'delete'] as const)('says in words that a %s is suggested and not saved', async (kind) => {
  await render(Ghost, { kind, title: 'Renew passport' });
  const ghost = page.getByRole('group', { name: /^Suggested, not saved: .* Renew passport$/ });
  await expect.poll(() => ghost.element().textContent).toContain('Suggested, not saved');
});

it('shows both values of an edit, also to a screen reader', async () => {
  const change = { field: 'due', was: 'Sun 15 Nov', willBe: 'Mon 30 Nov' };
  const screen = await render(Ghost, { kind: 'edit', title: 'Renew passport', change });
  expect(screen.container.querySelector('del')?.textContent).toBe('was Sun 15 Nov');
  expect(screen.container.querySelector('ins')?.textContent).toBe('will be Mon 30 Nov');
});

it('strikes what would be deleted and says so', async () => {
  const screen = await render(Ghost, { kind: 'delete', title: 'Old packing list' });
  expect(screen.container.querySelector('del')?.textContent).toBe('Old packing list');
  await expect.element(page.getByText(/would be deleted/)).toBeVisible();
});

it('names characters that cannot be seen', async () => {
  const change = { field: 'title', was: 'Pay Ada', willBe: 'Pay\u202E adA' };
  const screen = await render(Ghost, { kind: 'edit', title: 'Pay\u200B Ada', change });
  expect(screen.container.querySelector('.title')?.textContent).toContain('Payhidden character U+200B Ada');
  expect(screen.container.querySelector('ins')?.textContent).toBe('will be Payhidden character U+202E adA');
});

it('offers what it can do, each with the name of its record', async () => {
  const onaccept = vi.fn();
  const ondismiss = vi.fn();
  await render(Ghost, { kind: 'create', title: 'Call the plumber', onaccept, ondismiss });
  await page.getByRole('button', { name: 'Accept: Add Call the plumber' }).click();
  await page.getByRole('button', { name: 'Dismiss: Add Call the plumber' }).click();
  expect(onaccept).toHaveBeenCalledOnce();
  expect(ondismiss).toHaveBeenCalledOnce();
  expect(page.getByRole('button', { name: /^Edit/ }).elements()).toEqual([]);
});

it('has no live control while a decision is being written', async () => {
  await render(Ghost, { kind: 'create', title: 'Call', busy: true, onaccept: vi.fn() });
  await expect.element(page.getByRole('button', { name: 'Accept: Add Call' })).toBeDisabled();
});
