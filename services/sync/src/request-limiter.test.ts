import { expect, it } from 'vitest';
import { createRequestLimiter, SYNC_LIMITS } from './request-limiter.ts';

function fakeClock() {
  let nowMs = 1_000_000;
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { nowMs: () => nowMs, after: () => () => {}, pass };
}

it('never refuses 200 a second of one account, for as long as they come', () => {
  const clock = fakeClock();
  const limiter = createRequestLimiter(clock);
  for (let second = 0; second < 60; second++) {
    for (let request = 0; request < 200; request++) {
      expect(limiter.take('ada')).toBeNull();
      clock.pass(5);
    }
  }
});

it('refuses who takes more than the burst, says how long to wait, and harms no other account', () => {
  const clock = fakeClock();
  const limiter = createRequestLimiter(clock);
  for (let request = 0; request < SYNC_LIMITS.burst; request++) limiter.take('ada');
  const waitMs = limiter.take('ada');
  expect(waitMs).toBeGreaterThan(0);
  expect(limiter.take('bob')).toBeNull();
  clock.pass(waitMs ?? 0);
  expect(limiter.take('ada')).toBeNull();
});

it('a clock that goes back gives nothing away and takes nothing', () => {
  const clock = fakeClock();
  const limiter = createRequestLimiter(clock, { burst: 1, perSecond: 1 });
  expect(limiter.take('ada')).toBeNull();
  clock.pass(-3_600_000);
  expect(limiter.take('ada')).toBe(1000);
  clock.pass(1000);
  expect(limiter.take('ada')).toBeNull();
});
