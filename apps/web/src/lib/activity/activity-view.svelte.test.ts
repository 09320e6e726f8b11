import { todos } from '@manara/modules/todo/schema';
import { serverIterationId } from '@manara/shared-ai/derived-ids';
import { put } from '@manara/sync-core/write';
import { MISSION_ID, missionWrite, planOf } from '@manara/testkit/planned-space';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import ActivityView from './ActivityView.svelte';

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
