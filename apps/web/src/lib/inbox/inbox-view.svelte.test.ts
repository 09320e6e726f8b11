import { todos } from '@manara/modules/todo/schema';
import { decisionWrite } from '@manara/shared-ai/decide';
import { serverIterationId, stepIdOf } from '@manara/shared-ai/derived-ids';
import type { Proposal } from '@manara/shared-ai/proposal';
import { MISSION_ID, missionWrite, planOf, stepId, todoId, todoWrite } from '@manara/testkit/planned-space';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import InboxView from './InboxView.svelte';
import { lineId } from './inbox-page.svelte.ts';

const TITLES = ['Call the plumber', 'Book the train', 'Write the postcards'];
let app: TestApp;
beforeEach(async () => {
  await page.viewport(1300, 800);
  app = await openTestApp();
  const steps = TITLES.map((title) => ({ tool: 'todo.create', args: { title }, summary: `Create "${title}"` }));
  await app.workspace.app.write([missionWrite(), ...planOf(steps)]);
});
afterEach(() => app.workspace.db.delete());

const given = (more: object = {}) => ({
  workspace: app.workspace,
  nowMs: Date.now(),
  today: app.workspace.app.today(),
  stepId: null,
  planId: null,
  ...more,
});
async function show() {
  const shown = await render(AppHarness, { app, view: InboxView as never, given: given() });
  await expect.element(line(2)).toBeVisible();
  return shown;
}
const line = (n: number) => page.getByRole('button', { name: `Create "${TITLES[n]}"` });
const titles = async () => (await app.workspace.db.reader.list(todos)).map((todo) => todo.title);
const focused = () => document.activeElement?.id;

it('names characters in the arguments that cannot be seen', async () => {
  const title = 'Call the plumber\u202E\u{E0061}';
  const writes = planOf([{ tool: 'todo.create', args: { title }, summary: `Create "${title}"` }]);
  await app.workspace.db.delete();
  app = await openTestApp();
  await app.workspace.app.write([missionWrite(), ...writes]);
  await render(AppHarness, { app, view: InboxView as never, given: given() });
  const detail = page.getByRole('definition').first();
  await expect.element(detail).toHaveTextContent('Call the plumberhidden character U+202Ehidden character U+E0061');
});

it('acts on the line that has focus', async () => {
  await show();
  document.getElementById(lineId(stepId(3)))?.focus();
  await userEvent.keyboard('a');
  await vi.waitFor(async () => expect(await titles()).toEqual([TITLES[2]]));
});

it('moves focus with j and k, and on to the next line after a decision', async () => {
  await show();
  await userEvent.keyboard('j');
  await expect.poll(focused).toBe(lineId(stepId(2)));
  await userEvent.keyboard('k');
  await expect.poll(focused).toBe(lineId(stepId(1)));
  await userEvent.keyboard('a');
  await expect.poll(focused).toBe(lineId(stepId(2)));
  await expect.element(line(0)).not.toBeInTheDocument();
  expect(focused()).toBe(lineId(stepId(2)));
});

it('on a narrow screen closes the sheet after a decision, so that Undo can be reached', async () => {
  await page.viewport(800, 800);
  await show();
  await line(1).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.element(page.getByText('Undid 1 change')).toBeVisible();
  expect(await titles()).toEqual([]);
});

it.each([800, 1300])('goes on to the next line when the form has approved one, %i px wide', async (width) => {
  await page.viewport(width, 800);
  await show();
  await line(1).click();
  const { desk, db } = app.workspace;
  const [seen] = await db.proposals({ by: 'stepId', equals: stepId(2) });
  await app.workspace.edit(stepId(2));
  await desk.editAndApprove(seen as Proposal, { title: 'Book two trains' });
  await expect.element(line(1)).not.toBeInTheDocument();
  app.workspace.editing = null;
  await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
  await expect.element(line(2)).toHaveAttribute('aria-current', 'true');
  await expect.element(line(2)).toHaveFocus();
});

it('keeps what was typed when a rejection is not stored', async () => {
  await show();
  await userEvent.keyboard('r');
  const words = page.getByLabelText('In your words');
  await words.fill('My sister does it');
  const refused = { ok: false, error: { code: 'quota', message: 'full' } } as never;
  vi.spyOn(app.workspace.db, 'write').mockResolvedValueOnce(refused);
  vi.spyOn(console, 'error').mockImplementationOnce(() => undefined);
  const send = page.getByRole('dialog').getByRole('button', { name: 'Reject' });
  await send.click();
  await vi.waitFor(() => expect(app.toasts.shown).toHaveLength(1));
  await expect.element(words).toHaveValue('My sister does it');
  await send.click();
  await expect.element(words).not.toBeInTheDocument();
});

it('leads to the record that a suggestion quotes', async () => {
  const { workspace } = app;
  const evidence = [{ table: 'todos', id: todoId('Passport'), quote: 'Passport' }];
  const steps = [{ tool: 'todo.create', args: { title: 'Find it' }, evidence }];
  await workspace.app.write([todoWrite('Passport'), ...planOf(steps, serverIterationId(MISSION_ID, 'later'), 'later')]);
  await render(AppHarness, {
    app,
    view: InboxView as never,
    given: given({ planId: serverIterationId(MISSION_ID, 'later') }),
  });
  const link = page.getByRole('link', { name: 'Passport' });
  await expect.element(link).toHaveAttribute('href', `/todo?open=${todoId('Passport')}`);
});

it('shows a snoozed suggestion whole when its time comes in an open tab', async () => {
  const { rerender } = await show();
  await userEvent.keyboard('s');
  await expect.element(line(0)).not.toBeInTheDocument();
  await rerender({ given: given({ nowMs: Date.now() + 2 * 86_400_000 }) });
  await line(0).click();
  await expect.element(page.getByText('As it will look in Todo')).toBeVisible();
});

it('shows what ran although it was rejected, with Undo', async () => {
  await show();
  await userEvent.keyboard('a');
  await vi.waitFor(async () => expect(await titles()).toEqual([TITLES[0]]));
  expect(page.getByText('Carried out although it was rejected').elements()).toEqual([]);
  // As staging leaves it when the server had accepted another device's reject first.
  const [ran] = await app.workspace.db.proposals({ by: 'stepId', equals: stepId(1) });
  await app.workspace.db.database.proposals.put({ ...(ran as Proposal), contested: true });
  const section = page.getByRole('region', { name: 'Carried out although it was rejected' });
  await section.getByRole('button', { name: 'Undo' }).click();
  await vi.waitFor(async () => expect(await titles()).toEqual([]));
  await expect.element(section).not.toBeInTheDocument();
});

it('shows what was approved and not carried out, and runs it', async () => {
  await show();
  const section = page.getByRole('region', { name: 'Approved, but not carried out yet' });
  expect(section.elements()).toEqual([]);
  const { app: context, db } = app.workspace;
  const [seen] = await db.proposals({ by: 'stepId', equals: stepId(1) });
  // As a client writes it that only decides.
  const other = { newId: context.newId, nowMs: context.nowMs(), clientId: 'ffffffffffffffff' };
  await context.write([decisionWrite(seen as Proposal, 'approve', other)]);
  await section.getByRole('button', { name: 'Run it' }).click();
  await vi.waitFor(async () => expect(await titles()).toEqual([TITLES[0]]));
  await expect.element(section).not.toBeInTheDocument();
});

it('after a digit goes on from the chosen reason: a letter, or Tab, begins the words', async () => {
  await show();
  await userEvent.keyboard('r2');
  await expect.element(page.getByRole('radio', { name: 'Already done' })).toHaveFocus();
  const words = page.getByLabelText('In your words');
  await userEvent.tab();
  await expect.element(words).toHaveFocus();
  await userEvent.tab({ shift: true });
  await userEvent.keyboard('3');
  await expect.element(page.getByRole('radio', { name: 'Not now' })).toHaveFocus();
  await userEvent.keyboard('My sister does 2');
  await expect.element(words).toHaveValue('My sister does 2');
  await expect.element(page.getByRole('radio', { name: 'Not now' })).toBeChecked();
});

it('takes words before any reason', async () => {
  await show();
  await userEvent.keyboard('rno');
  await expect.element(page.getByLabelText('In your words')).toHaveValue('no');
});

it('offers no form for what has nothing to change', async () => {
  const steps = [{ tool: 'todo.complete', args: { id: todoId('Passport') } }];
  const planId = serverIterationId(MISSION_ID, 'later');
  await app.workspace.app.write([todoWrite('Passport'), ...planOf(steps, planId, 'later')]);
  await render(AppHarness, { app, view: InboxView as never, given: given({ planId }) });
  await expect.element(page.getByRole('definition').last()).toHaveTextContent('was no will be yes');
  const detail = page.getByRole('complementary', { name: 'Suggestion' });
  await expect.element(detail.getByRole('button', { name: 'Approve' })).toBeVisible();
  expect(detail.getByRole('button', { name: 'Edit' }).elements()).toEqual([]);
  await userEvent.keyboard('e');
  expect(document.querySelector('dialog')).toBeNull();
  await app.workspace.edit(stepIdOf(planId, 1));
  expect(app.workspace.editing).toBeNull();
});
