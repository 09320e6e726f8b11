import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clock, newClock, observe, rewind, tick } from './clock.ts';
import { COUNTER_MAX, formatStamp, isStamp, parseStamp, STAMP_MS_MAX } from './stamp.ts';

const NODE = '9f3a1c7e5b2d4f60';
type Step = { readonly wall: number } | { readonly seen: string };
const reading = fc.record({
  ms: fc.integer({ min: 0, max: 2_000_000_000_000 }),
  counter: fc.integer({ min: 0, max: COUNTER_MAX }),
  node: fc.constant('aaaaaaaaaaaaaaaa'),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  // a wall clock that jumps, freezes, falls, or is no number at all
  fc
    .oneof(fc.integer({ min: -5, max: 2_000_000_000_000 }), fc.constantFrom(1000, Number.NaN, Infinity))
    .map((wall) => ({ wall })),
  reading.map((parts) => ({ seen: formatStamp(parts) })),
);

function run(clock: Clock, steps: readonly Step[], keep: (clock: Clock) => Clock): { stamps: string[]; clock: Clock } {
  const stamps: string[] = [];
  for (const item of steps) {
    if ('seen' in item) clock = keep(observe(clock, item.seen));
    else {
      const next = tick(clock, item.wall);
      stamps.push(next.stamp);
      clock = keep(next.clock);
    }
  }
  return { stamps, clock };
}

describe('clock', () => {
  it('C1 monotonic clock', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let clock = newClock(NODE);
        let greatest = '';
        for (const item of steps) {
          if ('seen' in item) {
            clock = observe(clock, item.seen);
            if (item.seen.slice(0, 17) > greatest.slice(0, 17)) greatest = item.seen;
            continue;
          }
          const next = tick(clock, item.wall);
          expect(isStamp(next.stamp)).toBe(true);
          expect(next.stamp > greatest).toBe(true);
          greatest = next.stamp;
          clock = next.clock;
        }
      }),
    );
  });
  it('C2 restart-safe clock', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const restored = run(newClock(NODE), steps, (clock) => JSON.parse(JSON.stringify(clock)) as Clock);
        expect(restored.stamps).toEqual(run(newClock(NODE), steps, (clock) => clock).stamps);
      }),
    );
  });
  it('C3 counter carry', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: STAMP_MS_MAX - 1 }), fc.integer({ min: 1, max: 5 }), (ms, ticks) => {
        let clock: Clock = { ms, counter: COUNTER_MAX - 1, node: NODE };
        let last = formatStamp(clock);
        for (let n = 0; n < ticks; n++) {
          const next = tick(clock, 0);
          expect(next.stamp > last).toBe(true);
          last = next.stamp;
          clock = next.clock;
        }
        expect(parseStamp(last).ms).toBe(ticks > 1 ? ms + 1 : ms);
      }),
    );
  });
  it('falls back to what the server accepted, and stays above it', () => {
    const ahead = tick(newClock(NODE), Date.UTC(2030, 0)).clock;
    const accepted = [
      formatStamp({ ms: 1000, counter: 7, node: NODE }),
      formatStamp({ ms: 1000, counter: 3, node: NODE }),
    ];
    const back = rewind(ahead, accepted);
    expect(back).toEqual({ ms: 1000, counter: 7, node: NODE });
    expect(tick(back, 500).stamp > (accepted[0] ?? '')).toBe(true);
  });
  it('a stamp is read back as written, in clock order', () => {
    fc.assert(
      fc.property(reading, reading, (a, b) => {
        expect(parseStamp(formatStamp(a))).toEqual(a);
        const order = a.ms - b.ms || a.counter - b.counter;
        const [x, y] = [formatStamp(a), formatStamp(b)];
        expect(x < y ? -1 : x > y ? 1 : 0).toBe(Math.sign(order));
      }),
    );
  });
});
