import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namesDay, readDate } from './read-date.ts';

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
    ['Pay rent 2026/12/01', '2026-12-01', '2026/12/01'],
    ['Tax 2027/3/3', '2027-03-03', '2027/3/3'],
    ['Call Bo in 3 days', '2026-11-23', 'in 3 days'],
    ['Call Bo in a week', '2026-11-27', 'in a week'],
    ['Water the fern in 2 weeks', '2026-12-04', 'in 2 weeks'],
    ['Renew the pass next month', '2026-12-01', 'next month'],
    ['Lunch next Fri', '2026-11-27', 'next Fri'],
    ['Dentist Fri', '2026-11-27', 'Fri'],
    ['Dentist, tue.', '2026-11-24', 'tue'],
    ['Party Sat', '2026-11-21', 'Sat'],
    ['Notes from Tuesday, for Bo by Sunday', '2026-11-22', 'Sunday'],
    ['Run March 3 with Bo', '2027-03-03', 'March 3'],
  ])('%s', (title, day, quote) => {
    expect(readDate(title, TODAY)).toEqual({ day, quote });
    expect(title).toContain(quote);
  });

  it('next Friday, said on a Monday, is the one of the week after', () => {
    expect(readDate('Lunch next Friday', '2026-11-16')?.day).toBe('2026-11-27');
    expect(readDate('Lunch Friday', '2026-11-16')?.day).toBe('2026-11-20');
  });

  it('next Fri is next Friday, on every day of a week', () => {
    for (let date = 16; date <= 22; date += 1) {
      const today = `2026-11-${date}`;
      expect(readDate('Lunch next Fri', today)?.day).toBe(readDate('Lunch next Friday', today)?.day);
    }
  });

  it('next month over the end of a year', () => {
    expect(readDate('Renew next month', '2026-12-31')?.day).toBe('2027-01-01');
  });

  it.each([
    ['Send report Friday', '2026-11-19', '2026-11-20'],
    ['Send report Friday', '2026-11-12', null],
    ['Call mum tomorrow', '2026-11-19', '2026-11-20'],
    ['Call mum tomorrow', '2026-11-17', null],
    ['Call mum today', '2026-11-19', null],
    ['Lunch next Monday', '2026-11-12', null],
    ['Call Bo in 3 days', '2026-11-18', '2026-11-21'],
    ['Renew the pass next month', '2026-10-30', null],
    ['Renew the pass next month', '2026-11-01', '2026-12-01'],
    ['Call mum tomorrow', null, null],
    ['Dentist 26 Nov', null, '2026-11-26'],
    ['Dentist 26 Nov', '2026-01-01', '2026-11-26'],
    ['Pay rent 2026-12-01', '2020-01-01', '2026-12-01'],
  ])('%s, written on %s, means %s', (title, written, day) => {
    expect(readDate(title, TODAY, () => written)?.day ?? null).toBe(day);
  });

  it('asks for the day of writing only when the text needs it', () => {
    const never = () => {
      throw new Error('asked');
    };
    expect(readDate('Dentist 26 Nov', TODAY, never)?.day).toBe('2026-11-26');
    expect(readDate('Buy milk', TODAY, never)).toBeNull();
  });

  it.each([
    ['Dentist 26 Nov', true],
    ['Dentist 3 Nov', true],
    ['Call mum tomorrow', true],
    ['Buy milk', false],
    ['Pay rent 2026-02-30', false],
    ['Black Friday', false],
  ])('%s names a day, passed or not: %s', (title, named) => expect(namesDay(title, TODAY)).toBe(named));

  it.each([
    'Buy milk',
    'Black Friday',
    'Black Friday deals',
    'Cyber Monday',
    'Notes from Tuesday',
    'Notes of the Tuesday meeting',
    "Send Tuesday's notes",
    'Tidy Monday standup notes',
    'Receipts since Monday',
    'Photos of last Saturday',
    'March 3 miles',
    'March 10 km',
    'In 3D',
    'Get some sun',
    'Cancel the Sun',
    'Notes from Fri',
    'The exam I sat',
    'Catch Pok\u00e9mon',
    'Read https://example.org/2027/03/03/post',
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
      'in 3 days',
      'next month',
      'next fri',
      'Sat',
      '2027/02/30',
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
