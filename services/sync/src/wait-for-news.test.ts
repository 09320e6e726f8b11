import { expect, it } from 'vitest';
import { createPokes } from './pokes.ts';
import { waitForNews } from './wait-for-news.ts';

function fakeClock() {
  const timers = new Set<() => void>();
  return {
    nowMs: () => 0,
    after: (_ms: number, work: () => void) => {
      timers.add(work);
      return () => void timers.delete(work);
    },
    ring: () => {
      for (const work of [...timers]) work();
    },
    timers,
  };
}

function setUp(answers: (string | null)[]) {
  const pokes = createPokes();
  const clock = fakeClock();
  const ending = new AbortController();
  let asked = 0;
  const waiting = waitForNews(
    { pokes, clock },
    {
      spaces: ['a'],
      waitMs: 1000,
      ended: ending.signal,
      ask: async () => answers[Math.min(asked++, answers.length - 1)] ?? null,
      isNews: (answer) => answer !== null,
    },
  );
  return { pokes, clock, ending, waiting, asked: () => asked };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('answers at once when there is news', async () => {
  const { waiting, clock } = setUp(['news']);
  expect(await waiting).toBe('news');
  expect(clock.timers.size).toBe(0);
});

it('asks again when poked, also while it was asking, and goes on when that shows nothing', async () => {
  const { waiting, pokes, asked } = setUp([null, null, 'news']);
  pokes.heads({ a: 1 });
  await settle();
  expect(asked()).toBe(2);
  pokes.heads({ a: 2 });
  expect(await waiting).toBe('news');
});

it('asks a last time when the time is up: a lost poke costs time, not news', async () => {
  const { waiting, clock, asked } = setUp([null]);
  await settle();
  clock.ring();
  expect(await waiting).toBeNull();
  expect(asked()).toBe(2);
});

it('ends when nobody is left to answer', async () => {
  const { waiting, ending, clock } = setUp([null]);
  await settle();
  ending.abort();
  expect(await waiting).toBeNull();
  expect(clock.timers.size).toBe(0);
});
