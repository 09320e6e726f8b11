import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import ToastRegion from './ToastRegion.svelte';
import { Toasts } from './toasts.svelte.ts';

it('runs undo once and takes the message away', async () => {
  const toasts = new Toasts();
  await render(ToastRegion, { toasts });
  const undo = vi.fn();
  toasts.show({ message: 'Approved 4 changes', undo });
  await expect.poll(() => page.getByRole('status').element().textContent).toContain('Approved 4 changes');
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(undo).toHaveBeenCalledOnce();
  await expect.poll(() => page.getByRole('status').element().textContent).toBe('');
});

it('gives the focus back to where it came from', async () => {
  const toasts = new Toasts();
  await render(ToastRegion, { toasts });
  const before = document.createElement('button');
  document.body.append(before);
  before.focus();
  toasts.show({ message: 'Done: Water the plants', undo: () => undefined });
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(document.activeElement).toBe(before);
  before.remove();
});

it('goes by itself, but not while it is pointed at', async () => {
  const toasts = new Toasts();
  await render(ToastRegion, { toasts });
  toasts.show({ message: 'Saved', durationMs: 1500 });
  await userEvent.hover(page.getByText('Saved'));
  const paused = document.querySelector('.toast')?.getAnimations({ subtree: false });
  expect(paused?.some((animation) => animation.playState === 'paused')).toBe(true);
  await userEvent.unhover(page.getByText('Saved'));
  await expect.poll(() => toasts.shown, { timeout: 5000 }).toEqual([]);
});

describe('Toasts', () => {
  it('keeps the newest three', () => {
    const toasts = new Toasts();
    for (const message of ['1', '2', '3', '4']) toasts.show({ message });
    expect(toasts.shown.map((toast) => toast.message)).toEqual(['2', '3', '4']);
  });

  it('undoes the newest that can be undone', () => {
    const toasts = new Toasts();
    const undo = vi.fn();
    toasts.show({ message: 'old', undo: () => undo('old') });
    toasts.show({ message: 'new', undo: () => undo('new') });
    toasts.show({ message: 'plain' });
    expect(toasts.undoLast()).toBe(true);
    expect(undo).toHaveBeenCalledExactlyOnceWith('new');
    expect(toasts.undoLast()).toBe(true);
    expect(toasts.undoLast()).toBe(false);
  });
});
