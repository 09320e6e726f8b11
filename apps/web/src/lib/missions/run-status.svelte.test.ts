import { RUN_ENDS, RUN_PHASES } from '@manara/protocol/live';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import { LiveRuns } from '#lib/session/live-runs.svelte.ts';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import RunStatus from './RunStatus.svelte';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
});
afterEach(() => app.workspace.db.delete());

/** What is shown of a mission's run after one event. */
async function show(phase: string) {
  const { runs } = app.workspace;
  runs.hear({ missionId: 'm', runId: 'r', phase, elapsedMs: 3000 });
  const given = { live: runs.of('m'), requests: 0, guest: false };
  await render(AppHarness, { app, view: RunStatus as never, given });
}

const underWay: Record<(typeof RUN_PHASES)[number], string> = {
  starting: 'Starting',
  reading: 'Reading your notes and todos',
  planning: 'Planning',
  answering: 'Writing an answer in the chat',
  writing: 'Writing the plan',
};
it.each(RUN_PHASES)('says in words what goes on, and for how long: %s', async (phase) => {
  await show(phase);
  await expect.element(page.getByText(new RegExp(`^${underWay[phase]}… [3-9] s$`))).toBeVisible();
});

const ended: Record<(typeof RUN_ENDS)[number], string> = {
  done: '',
  failed: '',
  queued: 'Queued again: the server stopped on the way and goes on when it is back',
  'waiting to try again': 'Waiting to try again',
};
it.each(RUN_ENDS)('counts no seconds of a run on which nobody works: %s', async (phase) => {
  await show(phase);
  await expect.element(page.getByRole('status').first()).toHaveTextContent(ended[phase]);
});

it('shows that a run goes on in a phase that only a newer server knows', async () => {
  await show('constructor');
  await expect.element(page.getByText(/^Running… [3-9] s$/)).toBeVisible();
});

it('forgets a run of which nothing is heard: soon when it was under way, late when it rests', () => {
  const after = vi.fn((_ms: number, _work: () => void) => () => undefined);
  const runs = new LiveRuns({ after, nowMs: () => 0 });
  const hear = (phase: string): void => runs.hear({ missionId: 'm', runId: 'r', phase, elapsedMs: 0 });
  hear('planning');
  hear('waiting to try again');
  expect(after.mock.calls.map(([ms]) => ms)).toEqual([60_000, 600_000]);
  after.mock.lastCall?.[1]();
  expect(runs.of('m')).toBeNull();
});
