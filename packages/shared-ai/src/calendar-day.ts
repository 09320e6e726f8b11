/** Arithmetic on days of the calendar, `YYYY-MM-DD`. No zone, no clock: a day is a square on the wall. */

/** Days since 1970-01-01 of a day that the `day` schema accepts. */
function toNumber(day: string): number {
  const year = Number(day.slice(0, 4));
  const month = Number(day.slice(5, 7));
  const date = Number(day.slice(8, 10));
  // Howard Hinnant's days_from_civil: years start in March, so that a leap day is the last of its year.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + date - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function fromNumber(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const date = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}`;
}

/** The day `count` days later; earlier for a negative count. */
export const addDays = (day: string, count: number): string => fromNumber(toNumber(day) + count);

/** How many days `to` is after `from`; negative when it is before. */
export const daysBetween = (from: string, to: string): number => toNumber(to) - toNumber(from);

/** 0 for Sunday to 6 for Saturday. */
export const weekdayOf = (day: string): number => (((toNumber(day) + 4) % 7) + 7) % 7;

/** The first day after `day` that is this weekday (0 Sunday to 6 Saturday): 1 to 7 days later. */
export function nextWeekday(day: string, weekday: number): string {
  const ahead = (weekday - weekdayOf(day) + 7) % 7;
  return addDays(day, ahead === 0 ? 7 : ahead);
}

export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** `Thu 26 Nov`; with the year when it is not that of `today`. */
export function dayInWords(day: string, today: string): string {
  const words = `${WEEKDAYS[weekdayOf(day)]?.slice(0, 3)} ${Number(day.slice(8, 10))} ${MONTHS[Number(day.slice(5, 7)) - 1]?.slice(0, 3)}`;
  return day.slice(0, 4) === today.slice(0, 4) ? words : `${words} ${day.slice(0, 4)}`;
}

/**
 * The day that it is in a zone.
 * @param nowMs milliseconds since 1970
 * @param zone an IANA name; one that this platform does not know reads as UTC
 */
export function dayInZone(nowMs: number, zone: string): string {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit', calendar: 'iso8601' } as const;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-CA', { ...options, timeZone: zone });
  } catch {
    format = new Intl.DateTimeFormat('en-CA', { ...options, timeZone: 'UTC' });
  }
  const parts = new Map(format.formatToParts(nowMs).map((part) => [part.type, part.value]));
  return `${(parts.get('year') ?? '1970').padStart(4, '0')}-${parts.get('month') ?? '01'}-${parts.get('day') ?? '01'}`;
}
