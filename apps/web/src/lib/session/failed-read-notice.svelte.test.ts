import { todos } from '@manara/modules/todo/schema';
import { put } from '@manara/sync-core/write';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import ActivityView from '#lib/activity/ActivityView.svelte';
import InboxView from '#lib/inbox/InboxView.svelte';
import EditMission from '#lib/missions/EditMission.svelte';
import MissionDetail from '#lib/missions/MissionDetail.svelte';
import MissionList from '#lib/missions/MissionList.svelte';
import AppHarness, { openTestApp, type TestApp } from '#lib/shell/AppHarness.svelte';
import DueTodos from '#lib/today/DueTodos.svelte';

let app: TestApp;
/** the store that cannot be read */
let broken: string | null;
beforeEach(async () => {
  app = await openTestApp();
  broken = null;
  for (const { prototype } of [IDBObjectStore, IDBIndex]) {
    for (const name of ['get', 'getAll', 'openCursor', 'openKeyCursor', 'getAllKeys', 'count'] as const) {
      const read = prototype[name] as (...args: unknown[]) => IDBRequest;
      const failing = function (this: IDBObjectStore | IDBIndex, ...args: unknown[]): IDBRequest {
        const { name: store } = this instanceof IDBIndex ? this.objectStore : this;
        if (store === broken) throw new DOMException('boom', 'DataError');
        return read.apply(this, args);
      };
      vi.spyOn(prototype as Record<typeof name, typeof failing>, name).mockImplementation(failing);
    }
  }
});
afterEach(async () => {
  vi.restoreAllMocks();
  await app.workspace.db.delete();
});

const show = (view: unknown, given: object) =>
  render(AppHarness, { app, view: view as never, given: { workspace: app.workspace, nowMs: Date.now(), ...given } });
const notice = () => page.getByRole('alert');

it.each([
  [
    'inbox',
    '$proposals',
    'suggestions',
    InboxView,
    { today: '2026-11-20', stepId: null, planId: null },
    /^Nothing waits/,
  ],
  ['missions', 'missions', 'missions', MissionList, { waiting: new Map() }, /^Write your first/],
  ['mission', 'missions', 'missions', MissionDetail, { id: 'x', api: {}, guest: false }, /not on this device/],
  ['form', 'missions', 'missions', EditMission, { id: 'x', planner: null, guest: false }, /not on this device/],
  ['due', 'todos', 'todos', DueTodos, { onopen: vi.fn() }, /^Nothing is due/],
  ['activity', 'executions', 'plans', ActivityView, { today: '2026-11-20', dayOf: () => '2026-11-20' }, /^Nothing has/],
])(
  '%s: a failed read is told, is not taken for nothing, and can be tried again',
  async (_, store, name, view, given, empty) => {
    broken = store;
    await show(view, given);
    await expect
      .element(page.getByText(new RegExp(`^Your ${name} could not be read .* The browser says: boom\\.`)))
      .toBeVisible();
    expect(page.getByText(empty).elements()).toEqual([]);
    expect(page.getByText('Loading').elements()).toEqual([]);
    await notice().getByRole('button', { name: 'Try again' }).click();
    await expect.element(page.getByText(/Trying again did not help/)).toBeVisible();
    broken = null;
    await notice().getByRole('button', { name: 'Try again' }).click();
    await expect.element(page.getByText(empty).first()).toBeVisible();
    await expect.element(notice()).not.toBeInTheDocument();
  },
);

it('goes with the screen whose data could not be read', async () => {
  broken = 'todos';
  const screen = await show(DueTodos, { onopen: vi.fn() });
  await expect.element(notice()).toBeVisible();
  await screen.rerender({ view: MissionList as never, given: { waiting: new Map(), nowMs: Date.now() } });
  await expect.element(page.getByText(/^Write your first/)).toBeVisible();
  await expect.element(notice()).not.toBeInTheDocument();
});

it('keeps what was on the screen, and goes when a later read succeeds', async () => {
  const { write, newId, today } = app.workspace.app;
  const add = (title: string) => write([put(todos, newId(), { title, due: today(), position: title })]);
  await add('Call Bo');
  await show(DueTodos, { onopen: vi.fn() });
  await expect.element(page.getByRole('button', { name: 'Call Bo' })).toBeVisible();
  // Not by the store: the door reads it too, and Dexie answers a query again from what it remembers.
  const list = vi.spyOn(app.workspace.db.reader, 'list').mockRejectedValue(new Error('boom'));
  await add('Ask Di');
  await expect.element(notice()).toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Call Bo' })).toBeVisible();
  list.mockRestore();
  await add('Buy figs');
  await expect.element(page.getByRole('button', { name: 'Ask Di' })).toBeVisible();
  await expect.element(notice()).not.toBeInTheDocument();
});
