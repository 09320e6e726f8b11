import { conversations, messages } from '@manara/shared-ai/tables/chat';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import type { Sending } from './answer-state.ts';
import ChatView from './ChatView.svelte';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
});
afterEach(() => app.workspace.db.delete());

/** The page as the route shows it: the address follows a little later. */
async function show({ followsAfterMs = 50, sending = 'synced' as Sending } = {}) {
  const given = (conversationId: string | null) => ({
    workspace: app.workspace,
    nowMs: Date.now(),
    guest: false,
    sending,
    conversationId,
    onopen: (id: string | null) => void setTimeout(() => void shown.rerender({ given: given(id) }), followsAfterMs),
  });
  const shown = await render(AppHarness, { app, view: ChatView as never, given: given(null) });
  return shown;
}
const box = page.getByLabelText('Message', { exact: true });
const count = async () => [
  await app.workspace.db.reader.count(conversations),
  await app.workspace.db.reader.count(messages),
];

it('makes one conversation of two presses, and stays in the box', async () => {
  await show();
  await box.fill('What is overdue?');
  await userEvent.keyboard('{Enter}{Enter}');
  await expect.element(page.getByRole('article').getByText('What is overdue?')).toBeVisible();
  await expect.element(box).toHaveFocus();
  await box.fill('And tomorrow?');
  await userEvent.keyboard('{Enter}');
  await expect.poll(count).toEqual([1, 2]);
});

it('sends the next message to the conversation that the first has made, before the address says so', async () => {
  await show({ followsAfterMs: 1000 });
  await userEvent.click(page.getByRole('button', { name: 'Plan my day' }));
  await userEvent.type(box, 'And tomorrow?{Enter}');
  await expect.poll(count).toEqual([1, 2]);
});

it('keeps what is typed while a message is stored', async () => {
  await show();
  const { db } = app.workspace;
  const write = db.write.bind(db);
  const gate = Promise.withResolvers<void>();
  vi.spyOn(db, 'write').mockImplementationOnce(async (...args) => {
    await gate.promise;
    return write(...args);
  });
  await box.fill('What is overdue?');
  await userEvent.keyboard('{Enter}');
  await expect.element(box).toHaveValue('');
  await box.fill('And tomor');
  gate.resolve();
  await expect.poll(count).toEqual([1, 1]);
  await userEvent.keyboard('row?');
  await new Promise((resolve) => setTimeout(resolve, 100));
  await expect.element(box).toHaveValue('And tomorrow?');
});

it('gives words back that were not stored', async () => {
  await show();
  vi.spyOn(app.workspace.db, 'write').mockResolvedValueOnce({ ok: false, error: { code: 'quota' } } as never);
  await box.fill('What is overdue?');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => app.toasts.shown.length).toBe(1);
  await expect.element(box).toHaveValue('What is overdue?');
  await expect.element(page.getByText('Ask about what is here')).toBeVisible();
});

it.each<[Sending, string]>([
  ['offline', 'Queued: it is sent when you are online'],
  ['unreachable', 'Queued: it is sent when the server can be reached'],
  ['signed-out', 'Queued: it is sent when you have signed in again. Sign in'],
  ['attention', 'Queued: “Needs attention” says what it waits for'],
  ['syncing', 'Queued: it is being sent'],
])('says that a message is queued until the server has it: %s', async (sending, words) => {
  await show({ sending });
  await box.fill('What is overdue?');
  await userEvent.keyboard('{Enter}');
  const message = page.getByRole('article');
  await expect.element(message).toHaveTextContent(`You What is overdue? ${words}`);
  await app.workspace.db.database.outbox.clear();
  await expect.element(message).toHaveTextContent('You What is overdue? Waiting for an answer…');
});

it('reads out new messages alone', async () => {
  await show();
  await box.fill('What is overdue?');
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByRole('list', { name: 'Messages' })).toHaveAttribute('aria-relevant', 'additions');
});

it('makes the bubble as wide as its words, and no wider than the page', async () => {
  await page.viewport(1360, 860);
  await show();
  const width = (text: string) => page.getByRole('article').getByText(text).element().getBoundingClientRect().width;
  await userEvent.type(box, 'hello{Enter}');
  await expect.element(page.getByRole('article').getByText('hello')).toBeVisible();
  expect(width('hello')).toBeLessThan(120);
  await box.fill('שלום עולם');
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByRole('article').getByText('שלום עולם')).toHaveStyle({ direction: 'rtl' });
  const long = 'a'.repeat(400);
  await box.fill(long);
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByRole('article').getByText(long)).toBeVisible();
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(1360);
});
