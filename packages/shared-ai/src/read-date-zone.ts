import { isUuid } from '@manara/kernel/id';
import { addDays, dayInZone, daysBetween } from './calendar-day.ts';

/** Where days that a text names meet instants. The zone is the mission's. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** When a device drew the id (RFC 9562 version 7), in ms since 1970; null for a derived one, which holds no time. */
export const createdMs = (id: string): number | null =>
  isUuid(id) && id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;

interface WrittenRow {
  readonly id: string;
  readonly touchedMs: number;
}
interface Where {
  readonly today: string;
  /** IANA name */
  readonly zone: string;
}

/** The day of an instant; null for an unknown one, and for one after today: that clock ran ahead and says nothing. */
export function dayOfInstant(ms: number | null, { today, zone }: Where): string | null {
  if (ms === null || ms === 0) return null;
  const day = dayInZone(ms, zone);
  return day > today ? null : day;
}

/** The day on which a row was created, as far as it is known: that of its last touch when its id holds no time. */
export const dayWritten = (row: WrittenRow, where: Where): string | null =>
  dayOfInstant(createdMs(row.id) ?? row.touchedMs, where);

/** The first instant at which it is another day in the zone, in ms since 1970. */
export function endOfDay(day: string, zone: string): number {
  // Halving finds it for any offset and any jump of the clocks: zones lie between 12 hours behind and 14 ahead of UTC,
  // and change at full minutes.
  const midnightUtc = (daysBetween('1970-01-01', addDays(day, 1)) * DAY_MS) / MINUTE_MS;
  let before = midnightUtc - (15 * HOUR_MS) / MINUTE_MS;
  let after = midnightUtc + (15 * HOUR_MS) / MINUTE_MS;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dayInZone(middle * MINUTE_MS, zone) > day) after = middle;
    else before = middle;
  }
  return after * MINUTE_MS;
}

/** As {@link endOfDay}, but each day once: rules find the same few days for many records, and a zone's days are dear. */
export function endsOfDays(zone: string): (day: string) => number {
  const ends = new Map<string, number>();
  return (day) => {
    const end = ends.get(day) ?? endOfDay(day, zone);
    ends.set(day, end);
    return end;
  };
}
