import type { Trigger } from '@manara/shared-ai/tables/missions';
import { type Cadence, cadenceOf, triggerOf, WEEKDAY_CODES, type WeekdayCode } from '@manara/shared-ai/trigger-words';

export const WEEKDAYS = WEEKDAY_CODES;
export type Weekday = WeekdayCode;

/** A schedule as the composer's form holds it: what was typed for one kind stays when another is looked at. */
export interface ScheduleDraft {
  readonly kind: Cadence['kind'];
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

/** The form's state for a cadence; a rule that the form cannot say is `custom` and is kept as it is. */
export function scheduleOf(cadence: Cadence, zone: string): ScheduleDraft {
  const draft = { ...newSchedule(zone), kind: cadence.kind };
  if (cadence.kind === 'hours') return { ...draft, everyHours: cadence.every };
  if (cadence.kind === 'weekly') return { ...draft, time: cadence.time, days: cadence.days };
  return 'time' in cadence ? { ...draft, time: cadence.time } : draft;
}

export const storedSchedule = (trigger: Trigger, zone: string): ScheduleDraft =>
  scheduleOf(cadenceOf(trigger), trigger.kind === 'rrule' ? trigger.zone : zone);

/** A week without a day says nothing. */
export const lacksDays = ({ kind, days }: ScheduleDraft): boolean => kind === 'weekly' && days.length === 0;

/** The trigger that the form says. The stored one when it says the same, so that an edit elsewhere is not undone. */
export function scheduledTrigger(draft: ScheduleDraft, stored: Trigger | null, nowMs: number): Trigger {
  const { kind, everyHours, time, days, zone } = draft;
  if (kind === 'custom') return stored ?? { kind: 'manual' };
  const cadence: Cadence =
    kind === 'manual'
      ? { kind }
      : kind === 'hours'
        ? { kind, every: everyHours }
        : kind === 'weekly'
          ? { kind, days, time }
          : { kind, time };
  const trigger = triggerOf(cadence, zone, nowMs);
  const isStored =
    stored !== null &&
    (stored.kind === 'manual' || trigger.kind === 'manual'
      ? stored.kind === trigger.kind
      : stored.rrule === trigger.rrule && stored.zone === trigger.zone);
  return isStored ? stored : trigger;
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
