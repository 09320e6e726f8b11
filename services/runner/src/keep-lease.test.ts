import { expect, it } from 'vitest';
import { keepLease, type LeaseDeps } from './keep-lease.ts';

/** A clock that moves only when told to. */
function fakeClock() {
  let nowMs = 0;
  const timers = new Map<object, { atMs: number; work: () => void }>();
  return {
    nowMs: () => nowMs,
    after: (ms: number, work: () => void) => {
      const key = {};
      timers.set(key, { atMs: nowMs + ms, work });
      return () => void timers.delete(key);
    },
    advance: async (ms: number) => {
      nowMs += ms;
      for (const [key, timer] of [...timers]) {
        if (timer.atMs > nowMs) continue;
        timers.delete(key);
        timer.work();
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
    waiting: () => timers.size,
  };
}

function fixture(renew: LeaseDeps['renew']) {
  const clock = fakeClock();
  const told: [string, number][] = [];
  const errors: unknown[] = [];
  const stop = new AbortController();
  const lease = keepLease(
    {
      clock,
      leaseMs: 30_000,
      renew,
      tell: (phase, ms) => told.push([phase, ms]),
      onRenewError: (error) => errors.push(error),
    },
    stop.signal,
  );
  return { clock, told, errors, stop, lease };
}

it('renews three times per lease and tells how long it has taken', async () => {
  const renewed: string[] = [];
  const { clock, told, lease } = fixture(async (phase) => renewed.push(phase) > 0);
  lease.enter('planning');
  for (let n = 0; n < 3; n++) await clock.advance(10_000);
  expect(renewed).toEqual(['planning', 'planning', 'planning']);
  expect(told).toEqual([
    ['planning', 0],
    ['planning', 10_000],
    ['planning', 20_000],
    ['planning', 30_000],
  ]);
  await lease.end();
  expect(clock.waiting()).toBe(0);
});

it('aborts when another worker holds the run', async () => {
  const { clock, lease } = fixture(async () => false);
  await clock.advance(10_000);
  expect([lease.lost(), lease.signal.aborted]).toEqual([true, true]);
});

it('survives a database that is away for less than a lease, and not for longer', async () => {
  let away = true;
  const { clock, lease, errors } = fixture(async () => {
    if (away) throw new Error('connection reset');
    return true;
  });
  await clock.advance(10_000);
  expect(lease.lost()).toBe(false);
  away = false;
  await clock.advance(10_000);
  away = true;
  await clock.advance(10_000);
  await clock.advance(10_000);
  expect(lease.lost()).toBe(false);
  await clock.advance(10_000);
  expect(lease.lost()).toBe(true);
  expect(errors).toHaveLength(4);
});

it('aborts without being lost when the process stops', () => {
  const { stop, lease } = fixture(async () => true);
  stop.abort();
  expect([lease.lost(), lease.signal.aborted]).toEqual([false, true]);
});
