import { todos } from '@manara/modules/todo/schema';
import { createMission } from '@manara/shared-ai/mission-actions';
import { type Mission, missions } from '@manara/shared-ai/tables/missions';
import { policies } from '@manara/shared-ai/tables/plans';
import { put } from '@manara/sync-core/write';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import type { KnownPlanner } from '#lib/session/kept-planner.ts';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import Composer from './Composer.svelte';
import { adoptDrafts } from './kept-draft.ts';
import { actionContext } from './mission-draft.ts';

let app: TestApp;
const onsaved = vi.fn();
const oncancel = vi.fn();
beforeEach(async () => {
  sessionStorage.clear();
  onsaved.mockClear();
  app = await openTestApp();
});
afterEach(() => app.workspace.db.delete());

const show = (more: { mission?: Mission; guest?: boolean; at?: TestApp; planner?: KnownPlanner } = {}) => {
  const { at = app, guest = false, mission, planner = null } = more;
  const given = { ...(mission ? { mission } : {}), planner, guest, onsaved, oncancel };
  return render(AppHarness, { app: at, view: Composer as never, given });
};
const objective = page.getByLabelText('What is it for?');
const all = () => app.workspace.db.reader.list(missions);
async function stored(): Promise<Mission> {
  const created = createMission({ title: 'Week plan', objective: 'Plan the week' }, actionContext(app.workspace.app));
  await app.workspace.app.write(created.writes);
  const [mission] = await all();
  return mission as Mission;
}

it.each([
  [false, 'What it looks at is sent to models.example.com (llama3.2) each time it runs.'],
  [
    true,
    'What it looks at is sent to models.example.com (llama3.2) each time it runs. That is what the server said last.',
  ],
])('says where the inputs go, and when that is only what was known last: %s', async (isLastKnown, words) => {
  await show({ planner: { kind: 'model', model: 'llama3.2', endpointHost: 'models.example.com', isLastKnown } });
  await expect.element(page.getByText(words, { exact: true })).toBeVisible();
});

it('makes one mission of a double click', async () => {
  await show();
  await objective.fill('Plan my day');
  await page.getByRole('button', { name: 'Start mission' }).dblClick();
  await expect.poll(() => onsaved.mock.calls.length).toBe(1);
  // On the way to its page the button is still there.
  (page.getByRole('button', { name: 'Start mission' }).element() as HTMLElement).click();
  expect(await all()).toHaveLength(1);
});

it('brings back edits that were not saved, saves them alone, and forgets them', async () => {
  const mission = await stored();
  const first = await show({ mission });
  await objective.fill('Plan the week, and keep Friday free');
  await first.unmount();
  // Another device renames it meanwhile.
  await app.workspace.app.write([put(missions, mission.id, { title: 'My week' })]);
  const [renamed] = await all();
  const second = await show({ mission: renamed as Mission });
  await expect.element(page.getByText('This is what you had not saved.')).toBeVisible();
  await expect.element(objective).toHaveValue('Plan the week, and keep Friday free');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect.poll(() => onsaved.mock.calls.length).toBe(1);
  expect(await all()).toMatchObject([{ title: 'My week', objective: 'Plan the week, and keep Friday free' }]);
  await second.unmount();
  await show({ mission: (await all())[0] as Mission });
  expect(page.getByText('This is what you had not saved.').elements()).toEqual([]);
});

it('drops restored edits when asked to, and takes that back too', async () => {
  const mission = await stored();
  const first = await show({ mission });
  await objective.fill('Something else');
  await first.unmount();
  await show({ mission });
  await page.getByRole('button', { name: 'Discard it' }).click();
  await expect.element(objective).toHaveValue('Plan the week');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.element(objective).toHaveValue('Something else');
});

it('forgets edits on Cancel', async () => {
  const mission = await stored();
  const first = await show({ mission });
  await objective.fill('Something else');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await first.unmount();
  await show({ mission });
  await expect.element(objective).toHaveValue('Plan the week');
});

it("hands a guest's draft to the account that signs in, and to no other", async () => {
  const guest = await openTestApp('guest');
  const other = await openTestApp();
  const first = await show({ guest: true, at: guest });
  await objective.fill('Plan my day');
  await first.unmount();
  adoptDrafts(app.workspace.app.space);
  const second = await show();
  await expect.element(objective).toHaveValue('Plan my day');
  await second.unmount();
  adoptDrafts(other.workspace.app.space);
  await show({ at: other });
  await expect.element(objective).toHaveValue('');
  await guest.workspace.db.delete();
  await other.workspace.db.delete();
});

it('saves no week without a day', async () => {
  await show();
  await objective.fill('Plan my week');
  await page.getByLabelText('Repeat').selectOptions('Every week on…');
  await expect.element(page.getByText(/^Next: Mon/)).toBeVisible();
  const monday = page.getByRole('button', { name: 'Mon', exact: true });
  await monday.click();
  await expect.element(page.getByRole('alert')).toHaveTextContent('Choose at least one day.');
  expect(page.getByText(/^Next:/).elements()).toEqual([]);
  await page.getByRole('button', { name: 'Start mission' }).click();
  await expect.element(monday).toHaveFocus();
  expect(onsaved).not.toHaveBeenCalled();
  expect(await all()).toEqual([]);
  await page.getByRole('button', { name: 'Wed' }).click();
  await page.getByRole('button', { name: 'Start mission' }).click();
  await expect.poll(() => onsaved.mock.calls.length).toBe(1);
  expect(await all()).toMatchObject([{ trigger: { rrule: 'FREQ=WEEKLY;BYDAY=WE;BYHOUR=8;BYMINUTE=0' } }]);
});

it('keeps its place and its templates while one types, and takes a template back', async () => {
  const shown = await show();
  await expect.element(page.getByRole('button', { name: /^Plan my day/ })).toBeVisible();
  const top = objective.element().getBoundingClientRect().top;
  await objective.fill('Look at');
  expect(objective.element().getBoundingClientRect().top).toBe(top);
  await page.getByRole('button', { name: /^Tidy my notes/ }).click();
  await expect.element(page.getByLabelText('Title')).toHaveValue('Tidy my notes');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.element(objective).toHaveValue('Look at');
  await page.getByRole('button', { name: /^Tidy my notes/ }).click();
  await shown.unmount();
  expect(app.toasts.shown).toEqual([]);
});

it('offers what is done last', async () => {
  const { newId, write } = app.workspace.app;
  await write([put(todos, newId(), { title: 'Buy milk', done: true }), put(todos, newId(), { title: 'Call Ana' })]);
  await show();
  await page.getByRole('button', { name: 'Link notes or todos' }).click();
  const labels = () =>
    page
      .getByRole('dialog')
      .getByRole('checkbox')
      .elements()
      // biome-ignore lint/performance/useDomNodeTextContent: the line breaks are the layout's
      .map((box) => box.closest('label')?.innerText);
  await expect.poll(labels).toEqual(['Call Ana', 'Buy milk\ndone']);
});

it('offers to act by itself only where a rule in force lets it', async () => {
  await show();
  const auto = page.getByRole('radio', { name: /^Act within my rules/ });
  await expect.element(auto).toBeDisabled();
  const { newId, write } = app.workspace.app;
  await write([put(policies, newId(), { match: { tool: 'todo.create' }, decision: 'auto', mode: 'enforce' })]);
  await expect.element(auto).toBeEnabled();
  await expect.element(page.getByText(/^What 1 rule of yours allows runs by itself/)).toBeVisible();
});
