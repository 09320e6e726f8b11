import { notes } from '@manara/modules/notes/schema';
import { todos } from '@manara/modules/todo/schema';
import { basisOf } from '@manara/shared-ai/basis';
import type { AnyRow } from '@manara/sync-core/define-table';
import { put } from '@manara/sync-core/write';
import { missionWrite, planOf, stepId, todoId, todoWrite } from '@manara/testkit/planned-space';
import { noteId } from '@manara/testkit/planner-fixture';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import InboxView from './InboxView.svelte';

const BO = todoId('Call Bo');
const NOTE = noteId('Shopping');
let app: TestApp;
beforeEach(async () => {
  await page.viewport(1300, 800);
  app = await openTestApp();
});
afterEach(() => app.workspace.db.delete());

/** A plan over a todo and a note, as its planner read them; shown after what a person wrote then. */
async function showAfter(...edits: Parameters<TestApp['workspace']['app']['write']>[0]) {
  const { app: context, db } = app.workspace;
  const note = put(notes, NOTE, { title: 'Shopping', body: 'Milk\nBread' });
  await context.write([missionWrite(), todoWrite('Call Bo', { due: '2030-11-18' }), note]);
  const [todo, written] = [await db.reader.get(todos, BO), await db.reader.get(notes, NOTE)] as unknown as AnyRow[];
  const basis = [
    ...basisOf('todos', todo as AnyRow, ['due', 'priority']),
    ...basisOf('notes', written as AnyRow, ['body']),
  ];
  const steps = [
    { tool: 'todo.update', args: { id: BO, due: '2030-11-20' }, basis },
    { tool: 'todo.create', args: { title: 'Buy jam' } },
    { tool: 'notes.update', args: { id: NOTE, body: 'Milk\nBread\nJam' }, basis: basis.slice(2) },
  ];
  await context.write(planOf(steps));
  if (edits.length > 0) await context.write(edits);
  const given = { workspace: app.workspace, nowMs: Date.now(), today: context.today(), stepId: null, planId: null };
  await render(AppHarness, { app, view: InboxView as never, given });
}
const banner = () => page.getByRole('region', { name: 'Changed since this was planned' });
const todo = () => app.workspace.db.reader.get(todos, BO);

it('says what changed since on the line and in the detail, and approves it only by itself', async () => {
  await showAfter(put(todos, BO, { due: '2030-11-25' }));
  const lines = page.getByRole('article').getByRole('listitem');
  await expect.element(lines.first()).toMatchTextContent('changed since it was planned');
  await expect.element(lines.first()).toMatchTextContent('asks by itself');
  await expect.element(lines.last()).not.toMatchTextContent('changed since');
  await expect.element(banner()).toMatchTextContent('Due now Mon 25 Nov 2030 suggested Wed 20 Nov 2030 was different');
  await expect.element(page.getByText(/itself: its due day changed since it was planned/)).toBeVisible();
  await page.getByRole('button', { name: /^Approve 2/ }).click();
  await expect.element(lines.nth(1)).not.toBeInTheDocument();
  expect(await todo()).toMatchObject({ due: '2030-11-25' });
  await userEvent.keyboard('a');
  await vi.waitFor(async () => expect(await todo()).toMatchObject({ due: '2030-11-20' }));
});

it('is left by one press for a whole list too', async () => {
  await showAfter(put(todos, BO, { due: '2030-11-25' }));
  await expect.element(banner()).toBeVisible();
  await app.workspace.acceptAll([1, 2].map(stepId));
  await expect.element(page.getByText('Approved 1 change', { exact: true })).toBeVisible();
  await expect.element(page.getByText('Not approved: its due day changed since it was planned')).toBeVisible();
  expect(await todo()).toMatchObject({ due: '2030-11-25' });
});

it('shows the lines of a text, and what it does not stand in the way of', async () => {
  await showAfter(put(notes, NOTE, { body: 'Milk\nBread\nEggs' }), put(todos, BO, { priority: 3 }));
  await expect.element(banner()).toMatchTextContent('Priority now high was empty when it was planned');
  await expect.element(banner()).toMatchTextContent('Text of “Shopping” now Milk Bread Eggs');
  await expect.element(page.getByRole('button', { name: /^Approve 2/ })).toBeVisible();
  await userEvent.keyboard('jj');
  await expect.element(banner().getByRole('deletion')).toMatchTextContent('Eggs');
  await expect.element(banner().getByRole('insertion')).toMatchTextContent('Jam');
});

it('says nothing when nothing changed', async () => {
  await showAfter();
  await expect.element(page.getByRole('button', { name: /^Approve 3/ })).toBeVisible();
  await expect.element(page.getByText('As it will look in Todo')).toBeVisible();
  expect(page.getByText(/changed since/i).elements()).toEqual([]);
});
