import { expect, it, vi } from 'vitest';
import { createPokes } from './pokes.ts';

const run = { missionId: null, runId: 'r', phase: 'planning', elapsedMs: 1 };

it('tells each listener the heads of its own spaces, once', () => {
  const pokes = createPokes();
  const [both, one] = [
    { heads: vi.fn(), run: vi.fn() },
    { heads: vi.fn(), run: vi.fn() },
  ];
  pokes.subscribe(['a', 'b'], both);
  pokes.subscribe(['a'], one);
  pokes.heads({ a: 1, b: 2, c: 3 });
  expect(both.heads.mock.calls).toEqual([[{ a: 1, b: 2 }]]);
  expect(one.heads.mock.calls).toEqual([[{ a: 1 }]]);
  pokes.run('b', run);
  expect(both.run.mock.calls).toEqual([[run]]);
  expect(one.run).not.toHaveBeenCalled();
});

it('tells nothing after unsubscribing, also when a listener leaves while it is told', () => {
  const pokes = createPokes();
  const told: string[] = [];
  const leaveFirst = pokes.subscribe(['a'], {
    heads: () => {
      told.push('first');
      leaveFirst();
    },
  });
  pokes.subscribe(['a'], { heads: () => void told.push('second') });
  pokes.heads({ a: 1 });
  pokes.heads({ a: 2 });
  expect(told).toEqual(['first', 'second', 'second']);
});
