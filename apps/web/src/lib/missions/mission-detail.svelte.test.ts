import { archiveMission, createMission, pauseMission } from '@manara/shared-ai/mission-actions';
import type { Proposal } from '@manara/shared-ai/proposal';
import { missions, runRequests } from '@manara/shared-ai/tables/missions';
import { iterations } from '@manara/shared-ai/tables/plans';
import { put } from '@manara/sync-core/write';
import { planOf } from '@manara/testkit/planned-space';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import MissionDetail from './MissionDetail.svelte';
import { actionContext } from './mission-draft.ts';

let app: TestApp;
let id: string;
beforeEach(async () => {
  app = await openTestApp();
  const created = createMission({ title: 'Week plan', objective: 'Plan the week' }, actionContext(app.workspace.app));
  id = created.id;
  await app.workspace.app.write(created.writes);
});
afterEach(() => app.workspace.db.delete());

const show = (guest = false, more: object = {}) =>
  render(AppHarness, {
    app,
    view: MissionDetail as never,
    given: {
      id,
      workspace: app.workspace,
      api: {},
      guest,
      nowMs: Date.now(),
      onleave: vi.fn(),
      onedit: vi.fn(),
      ...more,
    },
  });
const planned = (count: number) =>
  app.workspace.app.write(
    Array.from({ length: count }, (_, n) =>
      put(iterations, app.workspace.app.newId(), {
        missionId: id,
        slot: `s${n}`,
        summary: `Plan ${n}`,
        finishedAt: n + 1,
      }),
    ),
  );

it('keeps typed feedback when earlier runs are shown', async () => {
  await planned(12);
  await show();
  const feedback = page.getByLabelText('Tell the planner');
  await feedback.fill('Never before nine');
  await page.getByRole('button', { name: 'Show earlier runs' }).click();
  await expect.element(page.getByText('Plan 0')).toBeVisible();
  await expect.element(feedback).toHaveValue('Never before nine');
});

it('runs a paused mission and says where, and offers no run of an archived one', async () => {
  const { app: context } = app.workspace;
  await context.write(pauseMission(id));
  await show(true);
  await page.getByRole('button', { name: 'Run now' }).click();
  await expect.element(page.getByText('Queued. This browser plans it in a moment.')).toBeVisible();
  await context.write(archiveMission(id));
  await expect.element(page.getByText('Archived: it does not run')).toBeVisible();
  expect(page.getByRole('button', { name: 'Run now' }).elements()).toEqual([]);
  expect(page.getByText(/^Queued\. /).elements()).toEqual([]);
});

it('keeps the focus on the button that pauses and resumes', async () => {
  await show();
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.element(page.getByRole('button', { name: 'Resume' })).toHaveFocus();
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByRole('button', { name: 'Pause' })).toHaveFocus();
});

it('says that it waits to run until its plan is there', async () => {
  await show();
  await page.getByRole('button', { name: 'Run now' }).click();
  await expect.element(page.getByText('Queued to run')).toBeVisible();
  await planned(1);
  await expect.element(page.getByText('Queued to run')).not.toBeInTheDocument();
});

it('waits no longer once a run has served its request, though the clock of the device is ahead', async () => {
  const { app: context } = app.workspace;
  const request = context.newId();
  const hourAhead = Date.now() + 3_600_000;
  await context.write([put(runRequests, request, { kind: 'run', missionId: id, requestedAt: hourAhead })]);
  await show();
  await expect.element(page.getByText(/^Queued\. /)).toBeVisible();
  const served = { missionId: id, slot: request, startedAt: Date.now(), finishedAt: Date.now() };
  await context.write([put(iterations, context.newId(), served)]);
  await expect.element(page.getByText(/^Queued\. /)).not.toBeInTheDocument();
});

it('counts the seconds of a run while the server says nothing', async () => {
  app.workspace.runs.hear({ missionId: id, runId: 'r', phase: 'planning', elapsedMs: 0 });
  await show();
  await expect.element(page.getByText('Planning… 0 s')).toBeVisible();
  await expect.element(page.getByText('Planning… 2 s')).toBeVisible();
});

it('shows no schedule of an archived mission', async () => {
  const daily = { kind: 'rrule', rrule: 'FREQ=DAILY;BYHOUR=2;BYMINUTE=30', zone: 'UTC' } as const;
  await app.workspace.app.write([put(missions, id, { trigger: daily })]);
  await show();
  await expect.element(page.getByText('Every day at 02:30, UTC')).toBeVisible();
  await app.workspace.app.write(archiveMission(id));
  await expect.element(page.getByText('Every day at 02:30, UTC')).not.toBeInTheDocument();
});

it('shows a step that ran although it was rejected, with Undo', async () => {
  const { app: context, db, desk } = app.workspace;
  const plan = planOf([{ tool: 'todo.create', args: { title: 'Buy milk' }, summary: 'Create "Buy milk"' }]);
  await context.write(plan.map((write) => ({ ...write, set: { ...write.set, missionId: id } })));
  await desk.approve(await db.proposals({ by: 'missionId', equals: id }));
  const [ran] = await db.proposals({ by: 'missionId', equals: id });
  // As staging leaves it when the server had accepted another device's reject first.
  await db.database.proposals.put({ ...(ran as Proposal), contested: true });
  await show();
  await expect.element(page.getByText('carried out although it was rejected')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.element(page.getByText('undone')).toBeVisible();
});

/** Lets nothing through to the database until it is told to. */
function holdWrites() {
  const { db } = app.workspace;
  const write = db.write.bind(db);
  const gate = Promise.withResolvers<void>();
  const held = vi.spyOn(db, 'write').mockImplementation(async (...args) => {
    await gate.promise;
    return write(...args);
  });
  return { held, release: () => gate.resolve() };
}

it('saves feedback once, and leaves what is typed meanwhile', async () => {
  await show();
  const box = page.getByLabelText('Tell the planner');
  const save = page.getByRole('button', { name: 'Save feedback' });
  await box.fill('Never before nine');
  const { held, release } = holdWrites();
  await save.click();
  await expect.element(box).toHaveFocus();
  await box.fill('Nor after six');
  await save.click();
  release();
  await expect.element(page.getByText('Never before nine')).toBeVisible();
  await expect.element(box).toHaveValue('Nor after six');
  expect(held).toHaveBeenCalledOnce();
});

it('gives feedback back that was not stored', async () => {
  await show();
  const box = page.getByLabelText('Tell the planner');
  await box.fill('Never before nine');
  vi.spyOn(app.workspace.db, 'write').mockResolvedValueOnce({ ok: false, error: { code: 'quota' } } as never);
  await page.getByRole('button', { name: 'Save feedback' }).click();
  await expect.poll(() => app.toasts.shown.length).toBe(1);
  await expect.element(box).toHaveValue('Never before nine');
});

it('stays on a mission whose deletion was refused, and does not say that it is gone', async () => {
  const onleave = vi.fn();
  await show(false, { onleave });
  const told = vi.spyOn(app.toasts, 'show');
  vi.spyOn(app.workspace.db, 'write').mockResolvedValueOnce({ ok: false, error: { code: 'quota' } } as never);
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await vi.waitFor(() => expect(told).toHaveBeenCalled());
  expect(told).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ tone: 'bad' }));
  expect(onleave).not.toHaveBeenCalled();
});
