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

it('shows of a text the lines that change, and of many only the first', async () => {
  const was = 'Milk\nBread\nEggs';
  const screen = await render(Ghost, {
    kind: 'edit',
    title: 'Shopping',
    change: { field: 'Text', was, willBe: `${was}\n- [ ] Jam\u200B\n` },
  });
  // biome-ignore lint/performance/useDomNodeTextContent: the line breaks are the layout's
  expect(screen.container.querySelector('ins')?.innerText).toContain('- [ ] Jam');
  expect(screen.container.querySelector('ins')?.textContent).toContain('hidden character U+200B');
  expect(screen.container.querySelector('del')).toBeNull();
  expect(screen.container.textContent).not.toContain('Milk');

  const willBe = Array.from({ length: 20 }, (_, n) => `line ${n}`).join('\n');
  await screen.rerender({ change: { field: 'Text', was: null, willBe } });
  await expect.element(page.getByText('… 14 more lines')).toBeVisible();
});

it('keeps within its column, whatever is written in it', async () => {
  const address = `https://example.com/${'very-long-address'.repeat(20)}`;
  const screen = await render(Ghost, {
    kind: 'create',
    title: address,
    meta: address,
    text: address,
    onaccept: vi.fn(),
  });
  screen.container.style.width = '300px';
  const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const ends = () => Math.round(screen.container.querySelector('[role=group]')?.scrollWidth ?? 0);
  expect(ends()).toBeLessThanOrEqual(324);
  const field = 'Text';
  await screen.rerender({ kind: 'edit', change: { field, was: address, willBe: `${address}!` } });
  expect(ends()).toBeLessThanOrEqual(324);
  await screen.rerender({ change: { field, was: `${address}\n`, willBe: address } });
  expect(ends()).toBeLessThanOrEqual(324);
  expect(overflow()).toBe(0);
});

it('says of what is on or off only which it will be', async () => {
  const screen = await render(Ghost, { kind: 'edit', title: 'Flour', change: { was: null, willBe: 'done' } });
  expect(screen.container.querySelector('.change')?.textContent?.trim()).toBe('· will be done');
});

it('has the box of a todo only for what can be ticked off', async () => {
  const screen = await render(Ghost, { kind: 'create', title: 'Questions', text: '- first\n- second' });
  expect(screen.container.querySelector('.box')).toBeNull();
  // biome-ignore lint/performance/useDomNodeTextContent: the line breaks are the layout's
  expect(screen.container.querySelector<HTMLElement>('.text')?.innerText).toBe('- first\n- second');
  await screen.rerender({ box: true });
  expect(screen.container.querySelector('.box')).not.toBeNull();
});

it('offers no form for what has nothing to change', async () => {
  await render(Ghost, { kind: 'delete', title: 'Old list', editable: false, onaccept: vi.fn(), onedit: vi.fn() });
  await expect.element(page.getByRole('button', { name: /^Accept/ })).toBeVisible();
  expect(page.getByRole('button', { name: /^Edit/ }).elements()).toEqual([]);
});

it('tells in words when what it was planned from has changed since', async () => {
  const screen = await render(Ghost, { kind: 'create', title: 'Call', changedSince: true });
  expect(screen.container.querySelector('.note')?.textContent).toContain('changed since it was planned');
  await screen.rerender({ changedSince: false });
  expect(screen.container.textContent).not.toContain('changed since');
});
