import { err, ok, type Result } from '@manara/kernel/result';
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import type { Trigger } from './tables/missions.ts';

/**
 * When a mission is due. Rules are computed on the wall clock, as if it were UTC, and only then placed in the zone: so
 * a time that a daylight-saving gap skips runs once, right after the gap, and a repeated hour runs once, at its first.
 */

const DAY_MS = 86_400_000;
/** No zone jumps further: Samoa skipped a whole day in 2011. */
const LARGEST_JUMP_MS = 25 * 3_600_000;
/**
 * How far the library looks for a rule that hardly ever matches before it gives up: about 40 ms, for it is the server's
 * event loop that waits. 29 February by a daily rule takes 365 steps, what people schedule takes a few.
 */
const ITERATIONS_MAX = 500;
const COUNT_MAX = 10_000;
const OCCURRENCES_MAX = 1000;
/** A rule with no start counts from this Monday. */
const DEFAULT_START_WALL_MS = Date.UTC(2024, 0, 1);

const number = (min: number, max: number) => (text: string) =>
  /^[+-]?\d{1,5}$/.test(text) && Number(text) >= min && Number(text) <= max;
const list = (item: (text: string) => boolean) => (text: string) => text.split(',').every(item);
const nonZero = (max: number) => (text: string) => number(-max, max)(text) && Number(text) !== 0;

/** Every part that a rule may have. What the library would silently ignore is an error here. */
const PARTS: Readonly<Record<string, (text: string) => boolean>> = {
  FREQ: (text) => ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY'].includes(text),
  INTERVAL: number(1, 10_000),
  COUNT: number(1, COUNT_MAX),
  UNTIL: (text) => untilOf(text) !== null,
  BYMINUTE: list(number(0, 59)),
  BYHOUR: list(number(0, 23)),
  BYDAY: list((text) => /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.test(text)),
  BYMONTHDAY: list(nonZero(31)),
  BYYEARDAY: list(nonZero(366)),
  BYWEEKNO: list(nonZero(53)),
  BYMONTH: list(number(1, 12)),
  BYSETPOS: list(nonZero(366)),
  BYSECOND: list((text) => text === '0'),
  WKST: (text) => /^(MO|TU|WE|TH|FR|SA|SU)$/.test(text),
};

/** When a rule ends: at an instant, or at a time of the wall clock. Both in ms, both inclusive. */
interface Until {
  readonly kind: 'instant' | 'wall';
  readonly ms: number;
}

function untilOf(text: string): Until | null {
  const match = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$/.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? '0')) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  if (match[4] === undefined) return { kind: 'wall', ms: ms + DAY_MS - 1 };
  return { kind: match[7] === 'Z' ? 'instant' : 'wall', ms };
}

/** Compiled: the first occurrence after an instant, or null when there is none. */
type Next = (afterMs: number) => number | null;

const wallMs = (instantMs: number, zone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(zone).toPlainDateTime().toZonedDateTime('UTC')
    .epochMilliseconds;

/** A wall-clock time as an instant: after the gap when it is skipped, the first when it is repeated. */
const instantMs = (wall: number, zone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(wall)
    .toZonedDateTimeISO('UTC')
    .toPlainDateTime()
    .toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;

const utc = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO('UTC');

function parseRule(text: string): Result<{ readonly rule: string; readonly until: Until | null }, string> {
  const parts = text
    .trim()
    .replace(/^RRULE:/i, '')
    .toUpperCase()
    .split(';')
    .filter((part) => part !== '');
  const seen = new Set<string>();
  for (const part of parts) {
    const at = part.indexOf('=');
    const [name, value] = [part.slice(0, at), part.slice(at + 1)];
    if (at < 1 || !Object.hasOwn(PARTS, name)) return err(`the rule has an unknown part: ${part.slice(0, 40)}`);
    if (seen.has(name)) return err(`the rule says ${name} twice`);
    if (PARTS[name]?.(value) !== true) return err(`the rule's ${name} is not valid`);
    seen.add(name);
  }
  if (!seen.has('FREQ')) return err('the rule does not say how often (FREQ)');
  if (seen.has('COUNT') && seen.has('UNTIL')) return err('the rule has both COUNT and UNTIL');
  const until = parts.find((part) => part.startsWith('UNTIL='));
  const rule = parts.filter((part) => part !== until && !part.startsWith('BYSECOND=')).join(';');
  return ok({ rule, until: until === undefined ? null : untilOf(until.slice(6)) });
}

function zoneExists(zone: string): boolean {
  try {
    return utc(0).withTimeZone(zone).epochMilliseconds === 0;
  } catch {
    return false;
  }
}

function compile(trigger: Trigger): Result<Next, string> {
  if (trigger.kind === 'manual') return ok(() => null);
  const { zone } = trigger;
  if (!zoneExists(zone)) return err(`there is no time zone ${zone.slice(0, 100)}`);
  const parsed = parseRule(trigger.rrule);
  if (!parsed.ok) return parsed;
  const { rule, until } = parsed.value;
  try {
    const startWall = trigger.start === undefined ? DEFAULT_START_WALL_MS : wallMs(trigger.start, zone);
    const start = Math.floor(startWall / 60_000) * 60_000;
    const recurrence = new RRuleTemporal({
      rruleString: rule,
      dtstart: utc(start),
      maxIterations: ITERATIONS_MAX,
      maxCandidateEvaluations: ITERATIONS_MAX * 10,
    });
    const nextWall = (after: number): number | null => {
      const next = recurrence.next(utc(after), false);
      return next === null || next === undefined || (until?.kind === 'wall' && next.epochMilliseconds > until.ms)
        ? null
        : next.epochMilliseconds;
    };
    // Nothing is due before its start, which may lie within a minute that has begun.
    const notBefore = (trigger.start ?? 0) - 60_000;
    return ok((afterMs) => {
      const next = firstAfter(nextWall, zone, Math.max(afterMs, notBefore));
      return next === null || (until?.kind === 'instant' && next > until.ms) ? null : next;
    });
  } catch {
    return err('the rule cannot be read');
  }
}

/** Around a jump of the zone's clock, wall order is not the order of instants: then the candidates are compared. */
function firstAfter(nextWall: (after: number) => number | null, zone: string, afterMs: number): number | null {
  const wall = wallMs(afterMs, zone);
  const shift = wall - afterMs;
  const steady = [-LARGEST_JUMP_MS, LARGEST_JUMP_MS].every(
    (by) => wallMs(afterMs + by, zone) - (afterMs + by) === shift,
  );
  let candidate = nextWall(steady ? wall : wall - LARGEST_JUMP_MS);
  let first: number | null = null;
  while (candidate !== null) {
    const instant = instantMs(candidate, zone);
    if (instant > afterMs && (first === null || instant < first)) first = instant;
    // Beyond a found one, only a candidate that a gap pushed later lies between; it is at most a jump away.
    if (first !== null && (steady || candidate > wallMs(first, zone))) return first;
    candidate = nextWall(candidate);
  }
  return first;
}

/** Whether a trigger can be scheduled; the error is a sentence for a person. */
export function checkTrigger(trigger: Trigger): Result<Trigger, string> {
  const compiled = compile(trigger);
  if (!compiled.ok) return compiled;
  try {
    compiled.value(trigger.kind === 'rrule' ? (trigger.start ?? DEFAULT_START_WALL_MS) - 1 : 0);
    return ok(trigger);
  } catch {
    return err('the rule never comes to a date');
  }
}

/**
 * The next `n` (at most 1000) occurrences after an instant, rising.
 * @param afterMs milliseconds since 1970, exclusive
 */
export function nextOccurrences(trigger: Trigger, afterMs: number, n: number): readonly number[] {
  const compiled = compile(trigger);
  const found: number[] = [];
  if (!compiled.ok) return found;
  try {
    for (let after = afterMs; found.length < Math.min(n, OCCURRENCES_MAX); ) {
      const next = compiled.value(after);
      if (next === null) break;
      found.push(next);
      after = next;
    }
  } catch {
    // The library gave up on a rule that hardly ever matches: what was found so far stands.
  }
  return found;
}

/**
 * The first occurrence after an instant in ms since 1970, or null: a manual trigger, a rule that has ended, or one that is
 * not valid (see {@link checkTrigger}). Never throws.
 */
export const nextOccurrence = (trigger: Trigger, afterMs: number): number | null =>
  nextOccurrences(trigger, afterMs, 1)[0] ?? null;

/** A due occurrence as a slot's name, `YYYY-MM-DDTHH:MMZ`. */
export const slotText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;
