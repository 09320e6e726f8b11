import { err, ok } from '@manara/kernel/result';
import { expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import SyncPanel from './SyncPanel.svelte';
import type { SyncStatus } from './sync-status.ts';

const now = 1_795_521_600_000;
const status: SyncStatus = {
  state: 'attention',
  waiting: 3,
  lastSyncAt: now - 12_000,
  clockOffByMs: 240_000,
  refused: [
    {
      id: 'op-1',
      title: 'Renew passport',
      reason: 'The note is too long.',
      at: now - 60_000,
      repairs: [
        { id: 'again', label: 'Try again' },
        { id: 'drop', label: 'Use the server version', danger: true },
      ],
    },
  ],
};

it('shows what waits, why a change was refused, and a wrong clock', async () => {
  await render(SyncPanel, { open: true, status, now, onretry: vi.fn(), onrepair: vi.fn() });
  const panel = page.getByRole('dialog', { name: 'Sync' }).element();
  for (const words of ['3 changes', '12 s ago', 'Renew passport', 'The note is too long.', '4 minutes ahead']) {
    expect(panel.textContent).toContain(words);
  }
});

it('passes on which change is repaired and how', async () => {
  const onrepair = vi.fn();
  const onretry = vi.fn();
  await render(SyncPanel, { open: true, status, now, onretry, onrepair });
  await page.getByRole('button', { name: 'Use the server version' }).click();
  expect(onrepair).toHaveBeenCalledExactlyOnceWith('op-1', 'drop');
  await page.getByRole('button', { name: 'Sync now' }).click();
  expect(onretry).toHaveBeenCalledOnce();
});

const devices = [
  { client: 'a', firstSeen: 0, lastSeen: now - 5000, current: true, name: 'This device', isThis: true },
  { client: 'b', firstSeen: 0, lastSeen: now - 7_200_000, current: false, name: 'Another device', isThis: false },
];

it('tells the devices and when each was last seen, asked when there is a server', async () => {
  const readDevices = vi.fn(async () => ok(devices));
  const given = { open: true, now, onretry: vi.fn(), onrepair: vi.fn(), readDevices };
  const offline: SyncStatus = { state: 'offline', waiting: 0, lastSyncAt: null, refused: [] };
  const panel = await render(SyncPanel, { ...given, status: offline });
  expect(readDevices).not.toHaveBeenCalled();
  for (const state of ['syncing', 'synced'] as const) await panel.rerender({ ...given, status: { ...offline, state } });
  const lines = page.getByRole('list', { name: 'Devices' }).getByRole('listitem');
  await expect.poll(() => lines.elements().map((line) => line.textContent)).toHaveLength(2);
  await expect.element(lines.first()).toHaveTextContent('This device seen 5 s ago');
  await expect.element(lines.last()).toHaveTextContent('Another device seen 2 h ago');
  expect(readDevices).toHaveBeenCalledOnce();
});

it('does without the devices when they are not told', async () => {
  const readDevices = vi.fn(async () => err({ code: 'unauthenticated', status: 401, message: '' }));
  await render(SyncPanel, { open: true, status, now, onretry: vi.fn(), onrepair: vi.fn(), readDevices });
  await expect.poll(() => readDevices).toHaveBeenCalledOnce();
  expect(page.getByRole('list', { name: 'Devices' }).elements()).toEqual([]);
});

it('asks a guest to sign in instead of syncing', async () => {
  const guest: SyncStatus = { state: 'guest', waiting: 0, lastSyncAt: null, refused: [] };
  await render(SyncPanel, { open: true, status: guest, now, onretry: vi.fn(), onrepair: vi.fn() });
  await expect.element(page.getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/sign-in');
  expect(page.getByRole('button', { name: 'Sync now' }).elements()).toEqual([]);
});
