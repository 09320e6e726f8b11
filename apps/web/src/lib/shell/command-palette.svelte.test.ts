import type { Command } from '@manara/ui/shortcuts/shortcuts.svelte.ts';
import { expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import CommandPalette from './CommandPalette.svelte';

const run = vi.fn();
const command = (label: string, group = 'Go to'): Command => ({ id: label, label, group, run: () => run(label) });
const commands = [command('Today'), command('Inbox'), command('New todo', 'Add')];
const active = () => document.querySelector('[aria-selected="true"]')?.textContent?.trim();

it('starts in the box, filters, moves by arrows and runs on Enter', async () => {
  run.mockReset();
  await render(CommandPalette, { open: true, commands });
  const box = page.getByRole('combobox');
  await expect.element(box).toHaveFocus();
  expect(active()).toBe('Today');
  await userEvent.keyboard('{ArrowUp}');
  await expect.poll(active).toBe('New todo');
  await userEvent.keyboard('{ArrowDown}{ArrowDown}');
  await expect.poll(active).toBe('Inbox');
  const chosen = document.querySelector('[aria-selected="true"]');
  await expect.element(box).toHaveAttribute('aria-activedescendant', chosen?.id ?? 'none');

  await box.fill('new');
  await expect.poll(active).toBe('New todo');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => run.mock.calls).toEqual([['New todo']]);
  expect(document.querySelector('dialog')).toBeNull();
});

it('shows records, and never those of an older question', async () => {
  const waiting: ((found: readonly Command[]) => void)[] = [];
  const find = () => new Promise<readonly Command[]>((resolve) => waiting.push(resolve));
  await render(CommandPalette, { open: true, commands: [], find });
  await page.getByRole('combobox').fill('pass');
  await page.getByRole('combobox').fill('passport');
  await expect.poll(() => waiting.length).toBe(2);
  waiting[1]?.([command('Renew passport', 'Todo')]);
  await expect.poll(active).toBe('Renew passport');
  waiting[0]?.([command('Password note', 'Notes')]);
  await new Promise((resolve) => requestAnimationFrame(resolve));
  expect(active()).toBe('Renew passport');
});

it('says so when nothing matches', async () => {
  await render(CommandPalette, { open: true, commands });
  await page.getByRole('combobox').fill('zzz');
  await expect.element(page.getByText('Nothing matches "zzz".')).toBeVisible();
  await userEvent.keyboard('{Enter}');
  expect(document.querySelector('dialog')).not.toBeNull();
});
