const DAY_MS = 86_400_000;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** Days since 1970 of a calendar day, or null when it is none ("2026-02-30", "soon"). */
function dayNumber(day: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!match) return null;
  const ms = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return new Date(ms).toISOString().slice(0, 10) === day ? ms / DAY_MS : null;
}

/** A calendar day some days later. Both are `YYYY-MM-DD`; a day that is none comes back as it is. */
export function addDays(day: string, days: number): string {
  const n = dayNumber(day);
  return n === null ? day : new Date((n + days) * DAY_MS).toISOString().slice(0, 10);
}

/** The Monday after a day. */
export function nextMonday(day: string): string {
  const n = dayNumber(day);
  // 1 January 1970 was a Thursday.
  return n === null ? day : addDays(day, 7 - ((n + 3) % 7));
}

/** A day as people say it: "today", "tomorrow", "Thu 26 Nov", with the year only when it is another one. */
export function dayWords(day: string, today: string): string {
  const n = dayNumber(day);
  const now = dayNumber(today);
  if (n === null) return day;
  if (now !== null && n === now) return 'today';
  if (now !== null && n === now + 1) return 'tomorrow';
  if (now !== null && n === now - 1) return 'yesterday';
  const date = new Date(n * DAY_MS);
  const words = `${WEEKDAYS[date.getUTCDay()]} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return day.slice(0, 4) === today.slice(0, 4) ? words : `${words} ${day.slice(0, 4)}`;
}

/** "9 days late", or null when it is not late. */
export function lateWords(due: string, today: string): string | null {
  const n = dayNumber(due);
  const now = dayNumber(today);
  if (n === null || now === null || n >= now) return null;
  return now - n === 1 ? '1 day late' : `${now - n} days late`;
}
