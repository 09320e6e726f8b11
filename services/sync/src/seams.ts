import { randomUUID } from 'node:crypto';

/** Wall clock and timers. The service knows no other time. */
export interface SyncClock {
  /** milliseconds since 1970 */
  nowMs(): number;
  /** Calls `work` once after `ms`; the returned function takes it back. */
  after(ms: number, work: () => void): () => void;
}

export const systemClock: SyncClock = {
  nowMs: () => Date.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

export const newRequestId = (): string => randomUUID();
