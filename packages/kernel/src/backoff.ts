/**
 * Full-jitter exponential backoff.
 * @param attempt 0 for the first retry
 * @param random a number in [0, 1)
 * @returns milliseconds, at least half of the step so that retries spread but never hammer
 */
export function backoffMs(attempt: number, random: number, baseMs = 500, maxMs = 60_000): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(step / 2 + (step / 2) * random);
}
