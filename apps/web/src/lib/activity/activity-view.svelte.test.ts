import { deleteTodo, deleteTodoList } from '@manara/modules/todo/actions';
import { todoLists, todos } from '@manara/modules/todo/schema';
import { serverIterationId } from '@manara/shared-ai/derived-ids';
import { executions } from '@manara/shared-ai/tables/plans';
import { put } from '@manara/sync-core/write';
import { MISSION_ID, missionWrite, planOf } from '@manara/testkit/planned-space';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import ActivityView from './ActivityView.svelte';
import { readActivity } from './read-activity.ts';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
});
afterEach(() => app.workspace.db.delete());

const show = () => {
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const given = { workspace: app.workspace, today: '2026-11-20', dayOf };
  return render(AppHarness, { app, view: ActivityView as never, given });
};

it('stays where it is while earlier lines are loaded', async () => {
  const { newId, write } = app.workspace.app;
  await write(Array.from({ length: 60 }, (_, n) => put(todos, newId(), { title: `Todo ${n}`, position: `a${n}` })));
  await show();
  const lines = page.getByRole('listitem');
  await expect.poll(() => lines.elements().length).toBe(50);
  const first = lines.first().element();
  await page.getByRole('button', { name: 'Show earlier' }).click();
  await expect.poll(() => lines.elements().length).toBe(60);
  expect(first.isConnected).toBe(true);
});

it('takes back all that a mission did, over its plans', async () => {
  const { app: context, db, desk } = app.workspace;
  await context.write([missionWrite({ title: 'Plan my day' })]);
  for (const [slot, title] of [
    ['2026-11-19T07:00Z', 'Buy milk'],
    ['2026-11-20T07:00Z', 'Call Ana'],
  ] as const) {
    await context.write(planOf([{ tool: 'todo.create', args: { title } }], serverIterationId(MISSION_ID, slot), slot));
  }
  await desk.approve(await db.proposals({ by: 'status', equals: 'pending' }));
  await show();
  await page.getByRole('button', { name: 'Undo more of “Plan my day”' }).first().click();
  await page.getByRole('menuitem', { name: 'Undo all of “Plan my day”…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Undo 2 changes of “Plan my day”?' });
  await dialog.getByRole('button', { name: 'Undo' }).click();
  await vi.waitFor(async () => expect(await db.reader.count(todos)).toBe(0));
});

it('gives back what the person deleted, a list with its todos', async () => {
  const { app: context, db } = app.workspace;
  const [list, inside, loose] = [context.newId(), context.newId(), context.newId()];
  await context.write([
    put(todoLists, list, { title: 'Garden' }),
    put(todos, inside, { title: 'Water it', listId: list }),
    put(todos, loose, { title: 'Buy milk' }),
  ]);
  await context.write(deleteTodoList(list, await db.reader.list(todos)));
  await context.write(deleteTodo(loose));
  await show();
  const undo = (what: string) =>
    page.getByRole('listitem').filter({ hasText: what }).getByRole('button', { name: 'Undo' });
  await undo('Deleted “Buy milk”').click();
  await expect.element(page.getByText('Restored “Buy milk”')).toBeVisible();
  expect(undo('Restored “Buy milk”').elements()).toEqual([]);
  await undo('Deleted “Garden”').click();
  await expect.element(page.getByText('Restored “Garden”')).toBeVisible();
  expect(await db.reader.get(todos, inside)).toMatchObject({ listId: list });
  expect(await db.reader.get(todos, loose)).toMatchObject({ listId: null, deleted: false });
});

const undoneLines = () => page.getByRole('listitem').filter({ hasText: 'Undid' });

it('tells an undo of a plan in one line, at its own time, and no change of the person', async () => {
  const { app: context, db, desk } = app.workspace;
  const milk = context.newId();
  await context.write([put(todos, milk, { title: 'Buy milk' })]);
  await context.write([
    missionWrite({ title: 'Plan my day' }),
    ...planOf([
      { tool: 'todo.create', args: { title: 'Call Ana' } },
      { tool: 'todo.update', args: { id: milk, priority: 3 } },
    ]),
  ]);
  await desk.approve(await db.proposals({ by: 'status', equals: 'pending' }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = Date.now();
  await app.workspace.undo(await db.reader.list(executions));
  const lines = await readActivity(db, 50, context.user.id);
  const [undo] = lines.filter((line) => line.what.startsWith('Undid'));
  expect(undo).toMatchObject({ what: 'Undid 2 changes', actor: 'You', reason: 'of Plan my day' });
  expect(undo?.at).toBeGreaterThanOrEqual(before);
  expect(lines.filter((line) => line.kind === 'person' && line.what !== 'Added “Plan my day”')).toMatchObject([
    { what: 'Added “Buy milk”', actor: 'You' },
  ]);
  await show();
  await expect.element(undoneLines()).toBeVisible();
});

it('tells of a rejection that it was undone', async () => {
  const { app: context, db, desk } = app.workspace;
  await context.write([
    missionWrite(),
    ...planOf([{ tool: 'todo.create', args: { title: 'Buy milk' }, summary: 'Create "Buy milk"' }]),
  ]);
  const [proposal] = await db.proposals({ by: 'status', equals: 'pending' });
  if (proposal) await desk.reject(proposal, {});
  await new Promise((resolve) => setTimeout(resolve, 5));
  if (proposal) await desk.reopen(proposal);
  await show();
  await expect.element(page.getByText('Undid the rejection: Create "Buy milk"')).toBeVisible();
  const rejected = page.getByRole('listitem').filter({ hasText: 'Rejected: Create "Buy milk"' });
  await expect.element(rejected.getByText('· undone')).toBeVisible();
});

it.each([
  ['a chat', [], `/chat?with=${MISSION_ID}`],
  ['a mission', [missionWrite()], `/missions/${MISSION_ID}`],
])('sends from what was run, done and decided to %s', async (_, mission, path) => {
  const { app: context, db, desk } = app.workspace;
  const create = (title: string) => ({ tool: 'todo.create', args: { title }, summary: `Create "${title}"` });
  await context.write([...mission, ...planOf([create('Buy milk'), create('Call Ana')])]);
  const [milk, ana] = await db.proposals({ by: 'status', equals: 'pending' });
  if (!milk || !ana) throw new Error('nothing was planned');
  await desk.approve([milk]);
  await desk.reject(ana, {});
  const lines = (await readActivity(db, 50, context.user.id)).filter(({ missionId }) => missionId === MISSION_ID);
  expect(lines.map(({ kind, href }) => [kind, href]).sort()).toEqual([
    ['ai', path],
    ['decision', path],
    ['run', path],
  ]);
});

it('says what ran although it was rejected', async () => {
  const { app: context, db, desk } = app.workspace;
  await context.write([missionWrite(), ...planOf([{ tool: 'todo.create', args: { title: 'Buy milk' } }])]);
  await desk.approve(await db.proposals({ by: 'status', equals: 'pending' }));
  const [ran] = await db.proposals({ by: 'status', equals: 'done' });
  // As staging leaves it when the server had accepted another device's reject first.
  if (ran) await db.database.proposals.put({ ...ran, contested: true });
  await show();
  const line = page.getByRole('listitem').filter({ hasText: 'carried out although it was rejected' });
  await line.getByRole('button', { name: 'Undo' }).click();
  await vi.waitFor(async () => expect(await db.reader.count(todos)).toBe(0));
});
