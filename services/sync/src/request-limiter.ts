import type { SyncClock } from './seams.ts';

/** Requests that one account may make: this many at once, and so many a second from then on. */
export interface RequestLimits {
  readonly burst: number;
  readonly perSecond: number;
}

/** At least 200 a second must always pass. */
export const SYNC_LIMITS: RequestLimits = { burst: 1000, perSecond: 400 };

/** Of the accounts asked about, so many are remembered; the one asked least recently is forgotten first. */
const ACCOUNTS_MAX = 10_000;

export interface RequestLimiter {
  /** Milliseconds to wait when the account has used up its share; null when it may go on. */
  take(accountId: string): number | null;
}

/** A token bucket for each account, in memory: what one process takes is what one process can bear. */
export function createRequestLimiter(clock: SyncClock, limits: RequestLimits = SYNC_LIMITS): RequestLimiter {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(accountId) {
      const nowMs = clock.nowMs();
      const bucket = buckets.get(accountId) ?? { tokens: limits.burst, atMs: nowMs };
      buckets.delete(accountId);
      buckets.set(accountId, bucket);
      if (buckets.size > ACCOUNTS_MAX) buckets.delete(buckets.keys().next().value ?? '');
      const refill = (Math.max(0, nowMs - bucket.atMs) / 1000) * limits.perSecond;
      bucket.tokens = Math.min(limits.burst, bucket.tokens + refill);
      bucket.atMs = nowMs;
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / limits.perSecond) * 1000);
      bucket.tokens -= 1;
      return null;
    },
  };
}
