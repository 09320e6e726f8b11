const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

function span(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  const days = Math.floor(ms / DAY_MS);
  return days === 1 ? '1 day' : `${days} days`;
}

/**
 * How long ago something was, in words; over a week it is the date. Both times in ms since 1970. What is a little ahead of
 * now was just now: the page's clock ticks seldom, and another device's may be ahead.
 */
export function relativeWords(at: number, now: number): string {
  const ms = now - at;
  if (Math.abs(ms) >= WEEK_MS) {
    return new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
  }
  return ms < 3 * SECOND_MS ? 'just now' : `${span(ms)} ago`;
}
