import { todos } from '@manara/modules/todo/schema';
import { put } from '@manara/sync-core/write';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import DueTodos from './DueTodos.svelte';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
  const { newId, today, write } = app.workspace.app;
  await write([put(todos, newId(), { title: 'Call Bo', due: today(), position: 'a0' })]);
});
afterEach(() => app.workspace.db.delete());

it('does not say that a todo is done when that was refused', async () => {
  await render(AppHarness, { app, view: DueTodos as never, given: { onopen: vi.fn() } });
  const box = page.getByRole('checkbox', { name: 'Done: Call Bo' });
  await expect.element(box).toBeVisible();
  const show = vi.spyOn(app.toasts, 'show');
  vi.spyOn(app.workspace.db, 'write').mockResolvedValueOnce({ ok: false, error: { code: 'quota' } } as never);
  await box.click({ force: true });
  await vi.waitFor(() => expect(show).toHaveBeenCalled());
  await expect.element(box).not.toBeChecked();
  expect(show).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ tone: 'bad' }));
});
