import * as z from 'zod/mini';
import { addDays, daysBetween, MONTHS, nextWeekday, WEEKDAYS } from './calendar-day.ts';
import { day as daySchema } from './tables/fields.ts';

export interface FoundDate {
  /** `YYYY-MM-DD` */
  readonly day: string;
  /** the words that say it, as they stand in the text */
  readonly quote: string;
}

/** A date without a year that lies this many days back means this year's past one, not next year's. */
const PAST_DAYS_MAX = 60;

const MONTH_WORD =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';
const DAY_MONTH = new RegExp(
  String.raw`\b(\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?\s+(${MONTH_WORD})\.?(?:,?\s+(\d{4}))?\b`,
  'iu',
);
const MONTH_DAY = new RegExp(
  String.raw`\b(${MONTH_WORD})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(\d{4}))?\b(?!:)`,
  'iu',
);
const ISO = /\b(\d{4})-(\d{2})-(\d{2})\b/u;
const DOTTED = /\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b/u;
const RELATIVE = /\b(today|tonight|tomorrow|day after tomorrow|next week)\b/iu;
const WEEKDAY = /\b(?:(next)\s+)?(sunday|monday|tuesday|wednesday|thursday|friday|saturday)s?\b/iu;
const SHORT_WEEKDAY = /\b(?:(?:on|by|till|until|next)\s+)(sun|mon|tues?|wed|thu(?:rs?)?|fri|sat)\b/iu;

const isDay = (text: string): boolean => z.safeParse(daySchema, text).success;
const two = (value: number): string => String(value).padStart(2, '0');

function monthNumber(word: string): number {
  return MONTHS.findIndex((month) => month.toLowerCase().startsWith(word.slice(0, 3).toLowerCase())) + 1;
}

/** A day of a month with or without its year: the next one, unless this year's has only just passed. */
function dayOf(date: number, month: number, year: string | undefined, today: string): string | null {
  const thisYear = Number(today.slice(0, 4));
  const at = (inYear: number) => `${String(inYear).padStart(4, '0')}-${two(month)}-${two(date)}`;
  if (year !== undefined) return isDay(at(Number(year))) ? at(Number(year)) : null;
  const candidate = at(thisYear);
  if (isDay(candidate) && daysBetween(today, candidate) >= -PAST_DAYS_MAX) return candidate;
  return isDay(at(thisYear + 1)) ? at(thisYear + 1) : null;
}

function relativeDay(word: string, today: string): string {
  switch (word.toLowerCase()) {
    case 'tomorrow':
      return addDays(today, 1);
    case 'day after tomorrow':
      return addDays(today, 2);
    case 'next week':
      return nextWeekday(today, 1);
    default:
      return today;
  }
}

/** The first reading of the text that is a day, most exact first. */
function readings(text: string, today: string): readonly (readonly [RegExpExecArray, string | null])[] {
  const found: (readonly [RegExpExecArray, string | null])[] = [];
  const add = (pattern: RegExp, read: (match: RegExpExecArray) => string | null) => {
    const match = pattern.exec(text);
    if (match !== null) found.push([match, read(match)]);
  };
  add(ISO, ([whole]) => (isDay(whole) ? whole : null));
  add(DOTTED, ([, date, month, year]) => dayOf(Number(date), Number(month), year, today));
  add(DAY_MONTH, ([, date, month = '', year]) => dayOf(Number(date), monthNumber(month), year, today));
  add(MONTH_DAY, ([, month = '', date, year]) => dayOf(Number(date), monthNumber(month), year, today));
  add(/\bday after tomorrow\b/iu, () => addDays(today, 2));
  add(RELATIVE, ([, word = '']) => relativeDay(word, today));
  add(WEEKDAY, ([, next, name = '']) => {
    const day = nextWeekday(
      today,
      WEEKDAYS.findIndex((one) => one.toLowerCase() === name.toLowerCase()),
    );
    // "next Friday" said before Friday is the one of the week after.
    return next !== undefined && daysBetween(today, day) < 7 && daysBetween(nextWeekday(today, 1), day) < 0
      ? addDays(day, 7)
      : day;
  });
  add(SHORT_WEEKDAY, ([, name = '']) =>
    nextWeekday(
      today,
      WEEKDAYS.findIndex((one) => one.toLowerCase().startsWith(name.slice(0, 3).toLowerCase())),
    ),
  );
  return found;
}

/**
 * The day that a title names, in English: `2026-11-26`, `26.11.2026`, `26 Nov`, `November 26th, 2026`, `tomorrow`,
 * `Friday`, `by Fri`. Null when it names none or one that has passed.
 */
export function readDate(text: string, today: string): FoundDate | null {
  for (const [match, day] of readings(text, today)) {
    if (day !== null && day >= today) return { day, quote: match[0] };
    // An exact date that has passed is what the text says: weaker readings must not override it.
    if (day !== null) return null;
  }
  return null;
}
