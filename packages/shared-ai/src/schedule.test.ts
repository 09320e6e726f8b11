import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTrigger, nextOccurrence, nextOccurrences, slotText } from './schedule.ts';
import type { Trigger } from './tables/missions.ts';
import { type Cadence, cadenceOf, describeTrigger, triggerOf, WEEKDAY_CODES } from './trigger-words.ts';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Cairo',
  'Pacific/Chatham',
  'America/St_Johns',
] as const;
const ms = (text: string) => Date.parse(text);
const rule = (rrule: string, zone = 'UTC', start = ms('2020-01-01T00:00Z')): Trigger => ({
  kind: 'rrule',
  rrule,
  zone,
  start,
});
const slots = (trigger: Trigger, after: string, n: number) => nextOccurrences(trigger, ms(after), n).map(slotText);
const daily = (time: string, zone: string) => triggerOf({ kind: 'daily', time }, zone, ms('2020-01-01T00:00Z'));

describe('occurrences', () => {
  it("cadence in the server's time zone: no, in the mission's", () => {
    expect(slots(daily('08:00', 'Europe/Berlin'), '2026-11-20T00:00Z', 2)).toEqual([
      '2026-11-20T07:00Z',
      '2026-11-21T07:00Z',
    ]);
    expect(slots(daily('08:00', 'America/New_York'), '2026-07-20T00:00Z', 1)).toEqual(['2026-07-20T12:00Z']);
    expect(slots(daily('08:00', 'Asia/Kolkata'), '2026-11-20T00:00Z', 1)).toEqual(['2026-11-20T02:30Z']);
  });

  it('a daylight-saving gap runs once, right after it', () => {
    expect(slots(daily('02:30', 'Europe/Berlin'), '2026-03-27T23:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:30Z',
      '2026-03-30T00:30Z',
    ]);
    expect(slots(rule('FREQ=HOURLY', 'Europe/Berlin'), '2026-03-28T23:30Z', 4)).toEqual([
      '2026-03-29T00:00Z',
      '2026-03-29T01:00Z',
      '2026-03-29T02:00Z',
      '2026-03-29T03:00Z',
    ]);
    // 02:30 does not exist and becomes 03:30, after the 03:00 that does
    expect(slots(rule('FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30', 'Europe/Berlin'), '2026-03-28T12:00Z', 3)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-29T01:30Z',
      '2026-03-30T00:00Z',
    ]);
  });

  it('a repeated hour runs once, at its first', () => {
    expect(slots(daily('02:30', 'Europe/Berlin'), '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
    expect(slots(daily('02:30', 'Europe/Berlin'), '2026-10-25T00:30Z', 1)).toEqual(['2026-10-26T01:30Z']);
    expect(slots(daily('02:30', 'Europe/Berlin'), '2026-10-25T01:00Z', 1)).toEqual(['2026-10-26T01:30Z']);
  });

  it('survives a day that a zone skips', () => {
    expect(
      slots(rule('FREQ=DAILY;BYHOUR=8;BYMINUTE=0', 'Pacific/Apia', ms('2011-01-01T00:00Z')), '2011-12-29T00:00Z', 3),
    ).toEqual(['2011-12-29T18:00Z', '2011-12-30T18:00Z', '2011-12-31T18:00Z']);
  });

  it('every N hours counts from its start', () => {
    const trigger = triggerOf({ kind: 'hours', every: 6 }, 'UTC', ms('2026-11-20T01:20:45Z'));
    expect(slots(trigger, '2026-11-20T01:20:45Z', 3)).toEqual([
      '2026-11-20T07:20Z',
      '2026-11-20T13:20Z',
      '2026-11-20T19:20Z',
    ]);
    expect(nextOccurrence(trigger, ms('2026-11-20T02:00Z'))).toBe(ms('2026-11-20T07:20Z'));
  });

  it('weekdays and weekly', () => {
    const weekdays = triggerOf({ kind: 'weekdays', time: '08:00' }, 'UTC', 0);
    expect(slots(weekdays, '2026-11-20T09:00Z', 2)).toEqual(['2026-11-23T08:00Z', '2026-11-24T08:00Z']);
    const weekly = triggerOf({ kind: 'weekly', days: ['TH', 'SU'], time: '21:15' }, 'UTC', 0);
    expect(slots(weekly, '2026-11-20T09:00Z', 3)).toEqual([
      '2026-11-22T21:15Z',
      '2026-11-26T21:15Z',
      '2026-11-29T21:15Z',
    ]);
  });

  it('ends at UNTIL and COUNT, inclusive', () => {
    expect(slots(rule('FREQ=DAILY;BYHOUR=8;BYMINUTE=0;UNTIL=20261121T080000Z'), '2026-11-20T09:00Z', 5)).toEqual([
      '2026-11-21T08:00Z',
    ]);
    expect(slots(rule('FREQ=DAILY;BYHOUR=8;UNTIL=20261121', 'Europe/Berlin'), '2026-11-20T09:00Z', 5)).toEqual([
      '2026-11-21T07:00Z',
    ]);
    expect(slots(rule('FREQ=DAILY;COUNT=2', 'UTC', ms('2026-11-20T00:00Z')), '2026-11-19T00:00Z', 5)).toHaveLength(2);
  });

  it('reads a rule without start, and with the RRULE: prefix', () => {
    expect(
      slots({ kind: 'rrule', rrule: 'RRULE:FREQ=DAILY;BYHOUR=8;BYMINUTE=0', zone: 'UTC' }, '2026-11-20T09:00Z', 1),
    ).toEqual(['2026-11-21T08:00Z']);
  });

  it.each([
    ['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=8;BYMINUTE=0', '2028-02-29T08:00Z'],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', '2028-02-29T00:00Z'],
    ['FREQ=MINUTELY;BYHOUR=8;BYDAY=MO', '2026-11-30T08:00Z'],
    ['FREQ=HOURLY;BYDAY=MO;BYHOUR=8;BYMONTH=3', '2027-03-01T08:00Z'],
    ['FREQ=MONTHLY;BYDAY=5SA', '2027-01-30T00:00Z'],
    ['FREQ=DAILY;BYMONTH=12;BYMONTHDAY=25', '2026-12-25T00:00Z'],
  ])('a rule that seldom matches is found: %s', (rrule, slot) => {
    expect(slots(rule(rrule), '2026-11-29T12:00Z', 1)).toEqual([slot]);
  });

  it('manual is never due', () => expect(nextOccurrence({ kind: 'manual' }, 0)).toBeNull());
});

describe('a rule that is not valid is an error and never throws or loops', () => {
  it.each([
    '',
    'garbage',
    'FREQ=FOO',
    'FREQ=SECONDLY',
    'FREQ=DAILY;INTERVAL=0',
    'FREQ=DAILY;INTERVAL=-1',
    'FREQ=DAILY;INTERVAL=1e9',
    'FREQ=DAILY;BYHOUR=99',
    'FREQ=DAILY;FOO=1',
    'FREQ=DAILY;FREQ=DAILY',
    'FREQ=DAILY;COUNT=99999999',
    'FREQ=DAILY;UNTIL=soon',
    'FREQ=DAILY;COUNT=1;UNTIL=20300101',
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=300',
    'FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6',
    'FREQ=MINUTELY;INTERVAL=1440;BYHOUR=5',
    'FREQ=HOURLY;INTERVAL=10000;BYHOUR=7;BYDAY=MO;BYMONTH=2',
    'FREQ=DAILY\nDTSTART:19700101T000000Z',
    '__proto__=1;FREQ=DAILY',
    `FREQ=DAILY;BYMINUTE=${'1,'.repeat(400)}1;BYHOUR=77`,
  ])('%j', (rrule) => {
    const before = performance.now();
    expect(nextOccurrence(rule(rrule), ms('2026-11-20T00:00Z'))).toBeNull();
    const checked = checkTrigger(rule(rrule));
    expect(checked.ok).toBe(false);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('a zone that does not exist', () => {
    const trigger = rule('FREQ=DAILY', 'Mars/Olympus');
    expect(checkTrigger(trigger)).toEqual({ ok: false, error: 'there is no time zone Mars/Olympus' });
    expect(nextOccurrence(trigger, 0)).toBeNull();
  });

  it('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 20 }), (rrule, zone) => {
        expect(nextOccurrences(rule(rrule, zone), 0, 3)).toEqual([]);
        expect(nextOccurrences(rule(`FREQ=DAILY;${rrule}`, 'UTC'), 0, 3).length).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
const cadence: fc.Arbitrary<Cadence> = fc.oneof(
  fc.record({ kind: fc.constant('hours' as const), every: fc.integer({ min: 1, max: 48 }) }),
  fc.record({ kind: fc.constant('daily' as const), time }),
  fc.record({ kind: fc.constant('weekdays' as const), time }),
  fc.record({ kind: fc.constant('weekly' as const), days: fc.subarray([...WEEKDAY_CODES], { minLength: 1 }), time }),
);

describe('over zones', () => {
  const instant = fc.integer({ min: ms('2019-01-01T00:00Z'), max: ms('2030-01-01T00:00Z') });

  it('occurrences rise strictly, lie after, and asking from any point between gives the same next one', () => {
    fc.assert(
      fc.property(
        cadence,
        fc.constantFrom(...ZONES),
        instant,
        instant,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (choice, zone, start, after, share) => {
          const trigger = triggerOf(choice, zone, start);
          const found = nextOccurrences(trigger, after, 6);
          expect(found).toHaveLength(6);
          let last = after;
          for (const at of found) {
            expect(at).toBeGreaterThan(last);
            last = at;
          }
          expect(nextOccurrence(trigger, (found[0] ?? 0) - 1)).toBe(found[0]);
          const between = Math.floor((found[2] ?? 0) + share * ((found[3] ?? 0) - (found[2] ?? 0) - 1));
          expect(nextOccurrence(trigger, between)).toBe(found[3]);
        },
      ),
      { numRuns: 80 },
    );
  });

  it('a daily time comes exactly once a day of the zone, whatever its clock does', () => {
    fc.assert(
      fc.property(
        time,
        fc.constantFrom(...ZONES.filter((zone) => zone !== 'Pacific/Apia')),
        fc.integer({ min: 2020, max: 2028 }),
        (at, zone, year) => {
          const found = nextOccurrences(daily(at, zone), Date.UTC(year, 0, 2), 310);
          const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone });
          const days = found.map((one) => format.format(one));
          expect(new Set(days).size).toBe(310);
        },
      ),
      { numRuns: 11 },
    );
  });

  it('is fast for a start years back', () => {
    const before = performance.now();
    for (const zone of ZONES) {
      nextOccurrences(rule('FREQ=HOURLY;INTERVAL=3', zone, ms('1990-01-01T00:00Z')), ms('2026-11-20T00:00Z'), 3);
      nextOccurrences(rule('FREQ=MINUTELY;INTERVAL=7', zone, ms('1990-01-01T00:00Z')), ms('2026-11-20T00:00Z'), 3);
      nextOccurrences(rule('FREQ=WEEKLY;BYDAY=MO', zone, 0), ms('2026-11-20T00:00Z'), 3);
    }
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

describe('cadences', () => {
  it('are read back from their trigger', () => {
    fc.assert(
      fc.property(cadence, (choice) => {
        const isWorkdays = choice.kind === 'weekly' && choice.days.join() === 'MO,TU,WE,TH,FR';
        expect(cadenceOf(triggerOf(choice, 'UTC', 0))).toEqual(
          isWorkdays ? { kind: 'weekdays', time: choice.time } : choice,
        );
        expect(checkTrigger(triggerOf(choice, 'UTC', 0)).ok).toBe(true);
      }),
    );
  });
  it.each([
    [{ kind: 'manual' }, 'Only when you run it'],
    [{ kind: 'hours', every: 6 }, 'Every 6 hours'],
    [{ kind: 'daily', time: '08:00' }, 'Every day at 08:00, Europe/Berlin'],
    [{ kind: 'weekdays', time: '08:00' }, 'Every weekday at 08:00, Europe/Berlin'],
    [
      { kind: 'weekly', days: ['MO', 'WE', 'FR'], time: '17:30' },
      'Every Monday, Wednesday and Friday at 17:30, Europe/Berlin',
    ],
    [{ kind: 'custom', rrule: 'FREQ=MONTHLY;BYMONTHDAY=1' }, 'By the rule FREQ=MONTHLY;BYMONTHDAY=1, Europe/Berlin'],
  ] as [Cadence, string][])('say %j as %s', (choice, words) => {
    expect(describeTrigger(triggerOf(choice, 'Europe/Berlin', 0))).toBe(words);
  });
});
