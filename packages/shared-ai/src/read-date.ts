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
/** What may follow a number and makes it an amount: "March 3 miles" is no third of March. */
const UNIT_WORD =
  'miles?|km|kilomet(?:er|re)s?|m|met(?:er|re)s?|min(?:ute)?s?|h|hrs?|hours?|days?|weeks?|months?|years?|times|laps?|pages?|steps?|reps?|rounds?';
const MONTH_DAY = new RegExp(
  String.raw`\b(${MONTH_WORD})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(\d{4}))?\b(?!:|\s+(?:${UNIT_WORD})\b)`,
  'iu',
);
const ISO = /\b(\d{4})-(\d{2})-(\d{2})\b/u;
/** Not within a path: addresses of articles are full of days. */
const SLASHED = /(?:^|[\s(,:;])((\d{4})\/(\d{1,2})\/(\d{1,2}))(?![\w/])/u;
const DOTTED = /\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b/u;
const AHEAD = /\bin\s+(\d{1,3}|an?|one|two|three)\s+(day|week)s?\b/iu;
const RELATIVE = /\b(day after tomorrow|today|tonight|tomorrow|next week|next month)\b/iu;
const WEEKDAY = /\b(?:(next)\s+)?(sunday|monday|tuesday|wednesday|thursday|friday|saturday)s?\b/giu;
const SHORT_WEEKDAY = /\b(?:(next)|on|by|till|until)\s+(sun|mon|tues?|wed|thu(?:rs?)?|fri|sat)\b/giu;
/** At the end, where "Dentist Fri" has it; "sun", "sat" and "wed" are words of their own unless they are written as names. */
const LAST_WORD = /[\s,(](Sun|SUN|Sat|SAT|Wed|WED|[Mm]on|MON|[Tt]ues?|TUE|[Tt]hu(?:rs?)?|THU|[Ff]ri|FRI)\.?\)?\s*$/u;
/** A weekday after one of these is past or has a name of its own, ... */
const NO_DUE_AFTER = /\b(?:from|last|since|black|cyber|good|ash|easter|palm)\s+$/iu;
/** ... and before one of these it says which meeting is meant. */
const NO_DUE_BEFORE = /^(?:['\u2019]s)?\s+(?:meetings?|notes?|stand-?ups?)\b/iu;
const COUNTS: Readonly<Record<string, number>> = { a: 1, an: 1, one: 1, two: 2, three: 3 };

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

function relativeDay(word: string, from: string): string {
  switch (word.toLowerCase()) {
    case 'tomorrow':
      return addDays(from, 1);
    case 'day after tomorrow':
      return addDays(from, 2);
    case 'next week':
      return nextWeekday(from, 1);
    case 'next month':
      // The longest month has 31 days, so 31 after the first is in the next month, whichever it is.
      return `${addDays(`${from.slice(0, 7)}-01`, 31).slice(0, 7)}-01`;
    default:
      return from;
  }
}

function weekdayAfter(from: string, name: string, next: boolean): string {
  const short = name.slice(0, 3).toLowerCase();
  const day = nextWeekday(
    from,
    WEEKDAYS.findIndex((one) => one.toLowerCase().startsWith(short)),
  );
  // "next Friday" said before Friday is the one of the week after.
  return next && daysBetween(from, day) < 7 && daysBetween(nextWeekday(from, 1), day) < 0 ? addDays(day, 7) : day;
}

/** The first day of the calendar that the text writes out, passed or not; most exact first. */
function writtenOut(text: string, today: string): FoundDate | null {
  const patterns: readonly (readonly [RegExp, (match: RegExpExecArray) => string | null])[] = [
    [ISO, ([whole]) => (isDay(whole) ? whole : null)],
    [SLASHED, ([, , year, month, date]) => dayOf(Number(date), Number(month), year, today)],
    [DOTTED, ([, date, month, year]) => dayOf(Number(date), Number(month), year, today)],
    [DAY_MONTH, ([, date, month = '', year]) => dayOf(Number(date), monthNumber(month), year, today)],
    [MONTH_DAY, ([, month = '', date, year]) => dayOf(Number(date), monthNumber(month), year, today)],
  ];
  for (const [pattern, read] of patterns) {
    const match = pattern.exec(text);
    const day = match === null ? null : read(match);
    if (match !== null && day !== null) return { day, quote: pattern === SLASHED ? (match[1] ?? '') : match[0] };
  }
  return null;
}

/** Words whose day depends on when they were written. */
interface RelativeWords {
  readonly quote: string;
  readonly dayFrom: (from: string) => string;
}

/** The first weekday of the text that says when something is due. */
function dueWeekday(text: string, pattern: RegExp): RelativeWords | null {
  for (const match of text.matchAll(pattern)) {
    const [quote, next, name = ''] = match;
    const before = text.slice(Math.max(0, match.index - 40), match.index);
    const after = text.slice(match.index + quote.length);
    if ((next === undefined && NO_DUE_AFTER.test(before)) || NO_DUE_BEFORE.test(after)) continue;
    return { quote, dayFrom: (from) => weekdayAfter(from, name, next !== undefined) };
  }
  return null;
}

function relativeWords(text: string): RelativeWords | null {
  const [ahead, count = '', unit] = AHEAD.exec(text) ?? [];
  if (ahead !== undefined) {
    const days = (COUNTS[count.toLowerCase()] ?? Number(count)) * (unit?.toLowerCase() === 'week' ? 7 : 1);
    return { quote: ahead, dayFrom: (from) => addDays(from, days) };
  }
  const [word] = RELATIVE.exec(text) ?? [];
  if (word !== undefined) return { quote: word, dayFrom: (from) => relativeDay(word, from) };
  const weekday = dueWeekday(text, WEEKDAY) ?? dueWeekday(text, SHORT_WEEKDAY);
  if (weekday !== null) return weekday;
  const last = LAST_WORD.exec(text);
  const before = text.slice(0, (last?.index ?? 0) + 1);
  const name = last?.[1];
  // Papers and stars are called "the Sun".
  if (name === undefined || NO_DUE_AFTER.test(before) || /\bthe\s+$/iu.test(before)) return null;
  return { quote: name, dayFrom: (from) => weekdayAfter(from, name, false) };
}

/**
 * The day that a title names, in English: `2026-11-26`, `26.11.2026`, `26 Nov`, `November 26th, 2026`, `tomorrow`,
 * `in 3 days`, `Friday`, `by Fri`. Null when it names none or one that has passed.
 * @param written the day on which the text was written, from which `tomorrow` counts; asked only when it matters; null
 *   when nobody knows, and then such words name no day
 */
export function readDate(text: string, today: string, written: () => string | null = () => today): FoundDate | null {
  const exact = writtenOut(text, today);
  // An exact date that has passed is what the text says: weaker readings must not override it.
  if (exact !== null) return exact.day >= today ? exact : null;
  const words = relativeWords(text);
  const from = words === null ? null : written();
  if (words === null || from === null) return null;
  const day = words.dayFrom(from);
  return day >= today ? { day, quote: words.quote } : null;
}

/** Whether a text names a day at all, be it passed or unknown: such a text is not one without a date. */
export const namesDay = (text: string, today: string): boolean =>
  writtenOut(text, today) !== null || relativeWords(text) !== null;
