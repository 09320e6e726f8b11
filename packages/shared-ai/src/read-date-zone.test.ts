import { derivedId, uuid7 } from '@manara/kernel/id';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, dayInZone } from './calendar-day.ts';
import { createdMs, dayWritten, endOfDay } from './read-date-zone.ts';

const BERLIN = { today: '2026-11-20', zone: 'Europe/Berlin' };
const at = Date.UTC(2026, 10, 19, 23, 30);
const drawn = (ms: number) => uuid7(ms, new Uint8Array(10).fill(255));

describe('when a record was written', () => {
  it('stands in the id that a device drew, and not in a derived one', () => {
    expect(createdMs(drawn(at))).toBe(at);
    expect(createdMs(drawn(0))).toBe(0);
    expect(createdMs(derivedId('x'))).toBeNull();
    expect(createdMs('not an id')).toBeNull();
  });

  it('is a day of the zone', () => {
    const row = { id: drawn(at), touchedMs: at + 1 };
    expect(dayWritten(row, BERLIN)).toBe('2026-11-20');
    expect(dayWritten(row, { today: '2026-11-20', zone: 'America/New_York' })).toBe('2026-11-19');
  });

  it('of a derived id is the day it was touched last; unknown when that is unknown, or a clock ran ahead', () => {
    expect(dayWritten({ id: derivedId('x'), touchedMs: at }, BERLIN)).toBe('2026-11-20');
    expect(dayWritten({ id: derivedId('x'), touchedMs: 0 }, BERLIN)).toBeNull();
    expect(dayWritten({ id: drawn(at + 2 * 86_400_000), touchedMs: at }, BERLIN)).toBeNull();
  });
});

describe('the end of a day', () => {
  it.each([
    ['2026-11-20', 'Europe/Berlin', '2026-11-20T23:00:00.000Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    ['2026-10-25', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
    ['2026-11-20', 'Asia/Kathmandu', '2026-11-20T18:15:00.000Z'],
    ['2026-11-20', 'Not/AZone', '2026-11-21T00:00:00.000Z'],
  ])('%s in %s', (day, zone, end) => expect(new Date(endOfDay(day, zone)).toISOString()).toBe(end));

  it('is the first instant of another day, in any zone', () => {
    const zones = fc.constantFrom('Pacific/Kiritimati', 'Pacific/Niue', 'America/St_Johns', 'Asia/Tokyo', 'UTC');
    fc.assert(
      fc.property(zones, fc.integer({ min: 0, max: 20_000 }), (zone, days) => {
        const day = addDays('2000-01-01', days);
        const end = endOfDay(day, zone);
        expect([dayInZone(end - 1, zone), dayInZone(end, zone)]).toEqual([day, addDays(day, 1)]);
      }),
      { numRuns: 50 },
    );
  });
});
