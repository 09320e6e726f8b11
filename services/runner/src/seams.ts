import { randomBytes } from 'node:crypto';

/** Wall clock and timers. The runner knows no other time. */
export interface RunnerClock {
  /** milliseconds since 1970 */
  nowMs(): number;
  /** Calls `work` once after `ms`; the returned function takes it back. */
  after(ms: number, work: () => void): () => void;
}

/** Chance: jitter, and the ids that nothing derives. */
export interface RunnerRandom {
  /** in [0, 1) */
  number(): number;
  bytes(length: number): Uint8Array;
}

export const systemClock: RunnerClock = {
  nowMs: () => Date.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

export const systemRandom: RunnerRandom = {
  number: () => Math.random(),
  bytes: (length) => randomBytes(length),
};

/** The only way out to the network: to the model. */
export const systemFetch: typeof fetch = (input, init) => fetch(input, init);
