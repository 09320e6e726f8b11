import { formatStamp, nextReading, parseStamp, type Stamp } from './stamp.ts';

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

export const newClock = (node: string): Clock => ({ ms: 0, counter: 0, node });

/** Draws the next stamp. `nowMs` is the wall clock; a wall clock that stands still or falls only raises the counter. */
export function tick(clock: Clock, nowMs: number): { readonly clock: Clock; readonly stamp: Stamp } {
  const wall = Math.max(0, Math.floor(nowMs));
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
