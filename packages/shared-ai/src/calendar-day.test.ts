import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, dayInWords, dayInZone, daysBetween, nextWeekday, weekdayOf } from './calendar-day.ts';

const anyDay = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9990-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

describe('days of the calendar', () => {
  it('add and count as the platform does, over leap years and centuries', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: -3000, max: 3000 }), (day, count) => {
        const expected = new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000);
        fc.pre(expected.getUTCFullYear() >= 1 && expected.getUTCFullYear() < 9999);
        const later = addDays(day, count);
        expect(later).toBe(expected.toISOString().slice(0, 10));
        expect(daysBetween(day, later)).toBe(count);
        expect(weekdayOf(later)).toBe(expected.getUTCDay());
      }),
    );
  });

  it('the next weekday is one to seven days ahead', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 0, max: 6 }), (day, weekday) => {
        const next = nextWeekday(day, weekday);
        expect(weekdayOf(next)).toBe(weekday);
        expect(daysBetween(day, next)).toBeGreaterThanOrEqual(1);
        expect(daysBetween(day, next)).toBeLessThanOrEqual(7);
      }),
    );
  });

  it('says days in words', () => {
    expect(dayInWords('2026-11-26', '2026-11-20')).toBe('Thu 26 Nov');
    expect(dayInWords('2027-01-02', '2026-11-20')).toBe('Sat 2 Jan 2027');
  });

  it('knows the day in a zone, and falls back to UTC for a zone that does not exist', () => {
    const late = Date.UTC(2026, 10, 20, 23, 30);
    expect(dayInZone(late, 'Europe/Berlin')).toBe('2026-11-21');
    expect(dayInZone(late, 'America/New_York')).toBe('2026-11-20');
    expect(dayInZone(late, 'Not/AZone')).toBe('2026-11-20');
  });
});
