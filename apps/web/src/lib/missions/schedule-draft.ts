import type { Trigger } from '@manara/shared-ai/tables/missions';
import { triggerOf as triggerOfCadence } from '@manara/shared-ai/trigger-words';

export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A schedule as the composer's form holds it. */
export interface ScheduleDraft {
  readonly kind: 'manual' | 'hours' | 'daily' | 'weekdays' | 'weekly' | 'custom';
  readonly everyHours: number;
  /** `HH:MM` in `zone` */
  readonly time: string;
  readonly days: readonly Weekday[];
  readonly zone: string;
}

export const EVERY_HOURS = [1, 2, 3, 4, 6, 8, 12] as const;

export const newSchedule = (zone: string): ScheduleDraft => ({
  kind: 'weekdays',
  everyHours: 4,
  time: '08:00',
  days: ['MO'],
  zone,
});

/** The form's state for a stored trigger; a rule that the form cannot say is `custom` and is kept as it is. */
export function scheduleOf(trigger: Trigger, zone: string): ScheduleDraft {
  const draft = newSchedule(zone);
  if (trigger.kind === 'manual') return { ...draft, kind: 'manual' };
  const own = { ...draft, zone: trigger.zone };
  const parts = rruleParts(trigger.rrule);
  const known = new Set(['FREQ', 'INTERVAL', 'BYHOUR', 'BYMINUTE', 'BYSECOND', 'BYDAY']);
  if ([...parts.keys()].some((name) => !known.has(name))) return { ...own, kind: 'custom' };
  const interval = Number(parts.get('INTERVAL') ?? '1');
  const days = (parts.get('BYDAY') ?? '')
    .split(',')
    .filter((day): day is Weekday => WEEKDAYS.some((known) => known === day));
  if (parts.get('FREQ') === 'HOURLY' && days.length === 0) return { ...own, kind: 'hours', everyHours: interval };
  const time = timeOf(parts);
  if (interval !== 1 || time === null) return { ...own, kind: 'custom' };
  if (parts.get('FREQ') === 'DAILY' && days.length === 0) return { ...own, kind: 'daily', time };
  if (parts.get('FREQ') !== 'WEEKLY' || days.length === 0) return { ...own, kind: 'custom' };
  const weekdays = days.length === 5 && !days.includes('SA') && !days.includes('SU');
  return weekdays ? { ...own, kind: 'weekdays', time } : { ...own, kind: 'weekly', time, days };
}

/** The trigger that the form says; a rule that it cannot say stays as it is stored. */
export function triggerOf(draft: ScheduleDraft, stored: Trigger | null, nowMs: number): Trigger {
  const { kind, everyHours: every, time, days, zone } = draft;
  if (kind === 'custom') return stored ?? { kind: 'manual' };
  return triggerOfCadence(
    kind === 'hours' ? { kind, every } : kind === 'manual' ? { kind } : { kind, time, days },
    zone,
    nowMs,
  );
}

/** The next dates by the runner's own function, which brings the recurrence library and so is loaded when first needed. */
export async function nextDates(trigger: Trigger, nowMs: number, count: number): Promise<readonly number[]> {
  const schedule = await import('@manara/shared-ai/schedule');
  return schedule.nextOccurrences(trigger, nowMs, count);
}

/** `Mon 23 Nov, 08:00` as read in the zone. */
export function dateInWords(ms: number, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }).format(ms);
}

function rruleParts(rrule: string): Map<string, string> {
  const line = rrule.split('\n').find((text) => /^(RRULE:)?FREQ=/i.test(text)) ?? rrule;
  const parts = new Map<string, string>();
  for (const part of line.replace(/^RRULE:/i, '').split(';')) {
    const [name, value] = part.split('=');
    if (name && value) parts.set(name.toUpperCase(), value.toUpperCase());
  }
  return parts;
}

function timeOf(parts: ReadonlyMap<string, string>): string | null {
  const hour = parts.get('BYHOUR');
  const minute = parts.get('BYMINUTE') ?? '0';
  if (hour === undefined || !/^\d{1,2}$/.test(hour) || !/^\d{1,2}$/.test(minute)) return null;
  return `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
}
