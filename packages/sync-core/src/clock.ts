import { formatStamp, nextReading, parseStamp, STAMP_MS_MAX, type Stamp } from './stamp.ts';

/**
 * A hybrid logical clock. Plain data: store it with the write that it stamped and it is restart-safe.
 *
 * Invariants, each a property test of the same name in clock.test.ts:
 * - C1 monotonic clock: every tick is greater than all ticks and all observed stamps before it
 * - C2 restart-safe clock: a clock restored from its stored state goes on as if it had never stopped
 * - C3 counter carry: a counter at its maximum carries into the milliseconds and stays ordered
 */
export interface Clock {
  readonly ms: number;
  readonly counter: number;
  readonly node: string;
}

/** A wall clock beyond this (the year 10889, less a day) is broken; the rest is room for the counter to carry into. */
const WALL_MS_MAX = STAMP_MS_MAX - 86_400_000;

export const newClock = (node: string): Clock => ({ ms: 0, counter: 0, node });

/** Draws the next stamp. `nowMs` is the wall clock; a wall clock that stands still or falls only raises the counter. */
export function tick(clock: Clock, nowMs: number): { readonly clock: Clock; readonly stamp: Stamp } {
  const wall = Math.min(WALL_MS_MAX, Math.max(0, Math.floor(nowMs)));
  const reading = wall > clock.ms ? { ms: wall, counter: 0 } : nextReading(clock.ms, clock.counter);
  const next = { ...reading, node: clock.node };
  return { clock: next, stamp: formatStamp(next) };
}

/** Moves past a stamp that was seen, so that what this node writes next is later than what it has read. */
export function observe(clock: Clock, stamp: Stamp): Clock {
  const { ms, counter } = parseStamp(stamp);
  if (ms < clock.ms || (ms === clock.ms && counter <= clock.counter)) return clock;
  return { ms, counter, node: clock.node };
}

/**
 * The clock after the server rewrote stamps that were too far ahead, once nothing waits any more: it falls back to the
 * rewritten stamps, or every later write of a device whose clock was once wrong would be rewritten again. What the
 * server has accepted from this node still only rises.
 */
export function rewind(clock: Clock, accepted: readonly Stamp[]): Clock {
  return accepted.reduce(observe, { ms: 0, counter: 0, node: clock.node });
}
