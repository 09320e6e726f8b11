import type { Chance } from './chance.ts';

/** What goes wrong in one run: a random subset of everything that can. Plain data, printed with a failure. */
export interface Faults {
  readonly devices: number;
  readonly actions: number;
  /** records of a page at most */
  readonly pageRecords: number;
  /** the greatest time that a message is under way, ms */
  readonly latencyMs: number;
  /** probabilities per request or message */
  readonly lostRequests: number;
  readonly lostReplies: number;
  readonly duplicates: number;
  readonly late: number;
  readonly lostPokes: number;
  /** event streams get through */
  readonly live: boolean;
  /** how often each happens in one run */
  readonly partitions: number;
  readonly kills: number;
  readonly serverRestarts: number;
  /** per device */
  readonly clocks: readonly ClockFault[];
}

export type ClockFault =
  | { readonly kind: 'right' }
  | { readonly kind: 'off'; readonly ms: number }
  | { readonly kind: 'frozen'; readonly fromMs: number }
  | { readonly kind: 'jumps'; readonly steps: readonly { readonly atMs: number; readonly byMs: number }[] }
  /** stands still, with a counter that is about to overflow */
  | { readonly kind: 'overflow'; readonly counter: number };

/** How long people act and things go wrong, ms. */
export const TROUBLE_MS = 45_000;

export function drawFaults(chance: Chance): Faults {
  const devices = chance.pick([2, 2, 2, 2, 3, 3, 4]);
  const some = (probability: number, value: number): number => (chance.odds(probability) ? value : 0);
  return {
    devices,
    actions: chance.between(8, 32),
    pageRecords: chance.pick([2, 5, 20, 1000]),
    latencyMs: chance.pick([5, 100, 2000]),
    lostRequests: some(0.5, chance.pick([0.05, 0.3])),
    lostReplies: some(0.6, chance.pick([0.1, 0.4])),
    duplicates: some(0.5, chance.pick([0.1, 0.5])),
    late: some(0.4, 0.15),
    lostPokes: some(0.4, 0.4),
    live: chance.odds(0.75),
    partitions: some(0.6, chance.between(1, 4)),
    kills: some(0.6, chance.between(1, 5)),
    serverRestarts: some(0.3, chance.between(1, 2)),
    clocks: Array.from({ length: devices }, () => drawClock(chance)),
  };
}

function drawClock(chance: Chance): ClockFault {
  const kind = chance.pick(['right', 'right', 'off', 'off', 'ahead', 'frozen', 'jumps', 'overflow']);
  switch (kind) {
    case 'off':
      return { kind: 'off', ms: chance.between(-300_000, 300_000) };
    case 'ahead':
      return { kind: 'off', ms: 3_600_000 };
    case 'frozen':
      return { kind: 'frozen', fromMs: chance.between(0, TROUBLE_MS) };
    case 'overflow':
      return { kind: 'overflow', counter: chance.between(0xfff0, 0xffff) };
    case 'jumps':
      return {
        kind: 'jumps',
        steps: Array.from({ length: chance.between(1, 3) }, () => ({
          atMs: chance.between(0, TROUBLE_MS),
          byMs: chance.pick([-3_600_000, -60_000, 120_000, 3_600_000]),
        })),
      };
    default:
      return { kind: 'right' };
  }
}

/** What a device's clock shows when the right time is `startMs + nowMs`. */
export function wallOf(fault: ClockFault, startMs: number, nowMs: number): number {
  switch (fault.kind) {
    case 'off':
      return startMs + nowMs + fault.ms;
    case 'frozen':
      return startMs + Math.min(nowMs, fault.fromMs);
    case 'overflow':
      return startMs;
    case 'jumps':
      return fault.steps.reduce((at, step) => (nowMs >= step.atMs ? at + step.byMs : at), startMs + nowMs);
    default:
      return startMs + nowMs;
  }
}
