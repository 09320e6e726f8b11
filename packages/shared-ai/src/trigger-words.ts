import type { Trigger } from './tables/missions.ts';

/** Triggers as a person chooses them. Light: dates are computed in schedule.ts, which carries the recurrence library. */

export const WEEKDAY_CODES = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export type WeekdayCode = (typeof WEEKDAY_CODES)[number];
const WORKDAYS: readonly WeekdayCode[] = ['MO', 'TU', 'WE', 'TH', 'FR'];
const WEEKDAY_WORDS: Readonly<Record<WeekdayCode, string>> = {
  MO: 'Monday',
  TU: 'Tuesday',
  WE: 'Wednesday',
  TH: 'Thursday',
  FR: 'Friday',
  SA: 'Saturday',
  SU: 'Sunday',
};

export type Cadence =
  | { readonly kind: 'manual' }
  | { readonly kind: 'hours'; readonly every: number }
  | { readonly kind: 'daily'; readonly time: string }
  | { readonly kind: 'weekdays'; readonly time: string }
  | { readonly kind: 'weekly'; readonly days: readonly WeekdayCode[]; readonly time: string }
  /** a rule that another client wrote */
  | { readonly kind: 'custom'; readonly rrule: string };

/** `HH:MM`, 24 hours. */
export const isTimeOfDay = (text: string): boolean => /^([01]\d|2[0-3]):[0-5]\d$/.test(text);

function timeParts(time: string): string {
  const [hour, minute] = isTimeOfDay(time) ? time.split(':') : ['8', '0'];
  return `BYHOUR=${Number(hour)};BYMINUTE=${Number(minute)}`;
}

/**
 * @param zone IANA name; times of day are in it
 * @param startMs now, milliseconds since 1970: what "every N hours" counts from
 */
export function triggerOf(cadence: Cadence, zone: string, startMs: number): Trigger {
  const rule = (rrule: string): Trigger => ({ kind: 'rrule', rrule, zone, start: startMs });
  switch (cadence.kind) {
    case 'manual':
      return { kind: 'manual' };
    case 'hours':
      return rule(`FREQ=HOURLY;INTERVAL=${Math.max(1, Math.floor(cadence.every))}`);
    case 'daily':
      return rule(`FREQ=DAILY;${timeParts(cadence.time)}`);
    case 'weekdays':
      return rule(`FREQ=WEEKLY;BYDAY=${WORKDAYS.join(',')};${timeParts(cadence.time)}`);
    case 'weekly': {
      const days = WEEKDAY_CODES.filter((day) => cadence.days.includes(day));
      return rule(`FREQ=WEEKLY;BYDAY=${(days.length === 0 ? ['MO'] : days).join(',')};${timeParts(cadence.time)}`);
    }
    case 'custom':
      return rule(cadence.rrule);
  }
}

/** The choice behind a trigger, for its form; a rule that the form cannot show is `custom`. */
export function cadenceOf(trigger: Trigger): Cadence {
  if (trigger.kind === 'manual') return { kind: 'manual' };
  const custom: Cadence = { kind: 'custom', rrule: trigger.rrule };
  const parts = new Map(trigger.rrule.split(';').map((part) => part.split('=', 2) as [string, string]));
  const take = (name: string): string | undefined => {
    const value = parts.get(name);
    parts.delete(name);
    return value;
  };
  const [freq, interval, hour, minute, byDay] = [
    take('FREQ'),
    take('INTERVAL'),
    take('BYHOUR'),
    take('BYMINUTE'),
    take('BYDAY'),
  ];
  if (parts.size > 0) return custom;
  if (freq === 'HOURLY' && hour === undefined && minute === undefined && byDay === undefined) {
    return /^\d+$/.test(interval ?? '1') ? { kind: 'hours', every: Number(interval ?? '1') } : custom;
  }
  const time = `${(hour ?? '').padStart(2, '0')}:${(minute ?? '').padStart(2, '0')}`;
  if (interval !== undefined || hour === undefined || minute === undefined || !isTimeOfDay(time)) return custom;
  if (freq === 'DAILY' && byDay === undefined) return { kind: 'daily', time };
  const days = (byDay ?? '').split(',');
  if (freq !== 'WEEKLY' || !days.every((day) => (WEEKDAY_CODES as readonly string[]).includes(day))) return custom;
  const chosen = WEEKDAY_CODES.filter((day) => days.includes(day));
  return chosen.join() === WORKDAYS.join() ? { kind: 'weekdays', time } : { kind: 'weekly', days: chosen, time };
}

function listInWords(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

/** `Every weekday at 08:00, Europe/Berlin` */
export function describeTrigger(trigger: Trigger): string {
  const cadence = cadenceOf(trigger);
  const zone = trigger.kind === 'rrule' ? `, ${trigger.zone}` : '';
  switch (cadence.kind) {
    case 'manual':
      return 'Only when you run it';
    case 'hours':
      return cadence.every === 1 ? 'Every hour' : `Every ${cadence.every} hours`;
    case 'daily':
      return `Every day at ${cadence.time}${zone}`;
    case 'weekdays':
      return `Every weekday at ${cadence.time}${zone}`;
    case 'weekly':
      return `Every ${listInWords(cadence.days.map((day) => WEEKDAY_WORDS[day]))} at ${cadence.time}${zone}`;
    case 'custom':
      return `By the rule ${cadence.rrule}${zone}`;
  }
}
