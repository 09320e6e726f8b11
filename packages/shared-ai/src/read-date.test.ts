import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDate } from './read-date.ts';

// a Friday
const TODAY = '2026-11-20';

describe('the date in a title', () => {
  it.each([
    ['Pay rent 2026-12-01', '2026-12-01', '2026-12-01'],
    ['Pay rent 01.12.2026', '2026-12-01', '01.12.2026'],
    ['Dentist 26 Nov', '2026-11-26', '26 Nov'],
    ['Dentist on 26th of November at 9', '2026-11-26', '26th of November'],
    ['Dentist Nov 26', '2026-11-26', 'Nov 26'],
    ['Dentist November 26th, 2027', '2027-11-26', 'November 26th, 2027'],
    ['Sept. 3 party', '2027-09-03', 'Sept. 3'],
    ['Tax by 31 Jan', '2027-01-31', '31 Jan'],
    ['Call Bo today', '2026-11-20', 'today'],
    ['Call Bo tomorrow', '2026-11-21', 'tomorrow'],
    ['Call Bo the day after tomorrow', '2026-11-22', 'day after tomorrow'],
    ['Plan trip next week', '2026-11-23', 'next week'],
    ['Lunch on Sunday', '2026-11-22', 'Sunday'],
    ['Lunch Friday', '2026-11-27', 'Friday'],
    ['Lunch next Monday', '2026-11-23', 'next Monday'],
    ['Report by Fri', '2026-11-27', 'by Fri'],
    ['29 Feb 2028 leap day', '2028-02-29', '29 Feb 2028'],
  ])('%s', (title, day, quote) => {
    expect(readDate(title, TODAY)).toEqual({ day, quote });
    expect(title).toContain(quote);
  });

  it('next Friday, said on a Monday, is the one of the week after', () => {
    expect(readDate('Lunch next Friday', '2026-11-16')?.day).toBe('2026-11-27');
    expect(readDate('Lunch Friday', '2026-11-16')?.day).toBe('2026-11-20');
  });

  it.each([
    'Buy milk',
    'Sit in the sun',
    'March on',
    'May the force be with you',
    'Chapter 26',
    'Pay rent 2026-10-01',
    'Dentist 3 Nov',
    'Dentist 31 Feb 2027',
    '2026-02-30',
    'Version 1.2.3',
    'Wednesdayish',
    '',
  ])('%j names none', (title) => expect(readDate(title, TODAY)).toBeNull());

  it('finds only days of the calendar, not before today, for any text', () => {
    const words = fc.constantFrom(
      '26',
      '31',
      '0',
      'Nov',
      'february',
      'next',
      'friday',
      '2026-13-41',
      '2027-02-30',
      'tomorrow',
      ',',
      '99.99.2027',
      '1st',
      'of',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string({ maxLength: 6 })), { maxLength: 8 }), (parts) => {
        const found = readDate(parts.join(' '), TODAY);
        if (found === null) return;
        expect(found.day >= TODAY).toBe(true);
        expect(new Date(`${found.day}T00:00:00Z`).toISOString().slice(0, 10)).toBe(found.day);
      }),
    );
  });
});
