import { describe, expect, it } from 'vitest';
import { clockWords, type SyncStatus, syncSentence, syncWords } from './sync-status.ts';

const now = 1_795_521_600_000;
const status = (over: Partial<SyncStatus>): SyncStatus => ({
  state: 'synced',
  waiting: 0,
  lastSyncAt: now - 12_000,
  refused: [],
  ...over,
});

describe('syncWords', () => {
  it.each<[Partial<SyncStatus>, string, string]>([
    [{}, 'Synced', 'Synced 12 s ago'],
    [{ lastSyncAt: null }, 'Synced', 'Synced'],
    [{ waiting: 2 }, '2 waiting', '2 waiting'],
    [{ state: 'offline', waiting: 7 }, 'Offline · 7 waiting', 'Offline · 7 waiting'],
    [{ state: 'offline' }, 'Offline', 'Offline'],
    [{ state: 'unreachable' }, 'No server', 'Server not reachable'],
    [{ state: 'unreachable', waiting: 1 }, 'No server · 1 waiting', 'Server not reachable · 1 waiting'],
    // The clock of the page ticks seldom: a sync may be ahead of it.
    [{ lastSyncAt: now + 4_000 }, 'Synced', 'Synced just now'],
    [{ state: 'syncing', waiting: 3 }, 'Syncing', 'Syncing · 3 waiting'],
    [{ state: 'attention' }, 'Needs attention', 'Needs attention'],
    [{ state: 'guest', waiting: 0, lastSyncAt: null }, 'On this device', 'Only on this device'],
  ])('%o', (over, short, full) => {
    expect(syncWords(status(over), now)).toEqual({ short, full });
  });
});

it('never says that everything is on the server while something waits', () => {
  for (const state of ['synced', 'syncing', 'offline', 'unreachable', 'attention'] as const) {
    expect(syncSentence(status({ state, waiting: 1 }))).not.toContain('Everything is on the server');
  }
});

it('speaks of the clock only when it is off by a minute or more', () => {
  expect(clockWords(null)).toBeNull();
  expect(clockWords(59_000)).toBeNull();
  expect(clockWords(180_000)).toContain('3 minutes ahead of the server');
  expect(clockWords(-7_200_000)).toContain('2 hours behind the server');
  expect(clockWords(31_536_000_000)).toContain('365 days ahead');
});
