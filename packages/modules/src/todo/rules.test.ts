import { uuid7 } from '@manara/kernel/id';
import { reject } from '@manara/shared-ai/decide';
import { planWrites } from '@manara/shared-ai/plan';
import { PROPOSAL_LIFE_MS } from '@manara/shared-ai/plan-limits';
import { planByRules } from '@manara/shared-ai/rule-planner';
import { approve } from '@manara/shared-ai/settlement';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { put, type Write } from '@manara/sync-core/write';
import { ADA, Decider, PLANNED_AT, SLOT, TODAY, todoId, todoWrite } from '@manara/testkit/planned-space';
import { linkWrite, noteId, noteWrite, plannerOf, spaceOf } from '@manara/testkit/planner-fixture';
import { describe, expect, it } from 'vitest';
import { notes } from '../notes/schema.ts';
import { todos } from './schema.ts';

/** Rules over time: what was written earlier, is decided later, or is planned once more. */

const DAY = 86_400_000;
type Mission = Parameters<typeof spaceOf>[1];

async function plan(writes: readonly Write[], mission: Mission = {}, ageDays = 0) {
  const space = spaceOf(writes, mission, PLANNED_AT - 1000 - ageDays * DAY);
  const context = await plannerOf(space);
  const draft = planByRules(context);
  const made = { slot: SLOT, source: 'server', tier: 'rules', model: 'rules', draft } as const;
  const rows = planWrites(context, { ...made, startedAt: 1, finishedAt: PLANNED_AT });
  return { space, draft, rows, told: draft.steps.map((step) => [step.tool, step.args]) };
}
/** The id that a device draws at that moment. */
const drawnAt = (ms: number) => uuid7(ms, new Uint8Array(10));
const update = (name: string, due: string) => ['todo.update', { id: todoId(name), due }];

describe('relative days in titles count from the day of writing', () => {
  const NOV_19 = Date.UTC(2026, 10, 19, 9);
  it.each([
    // planned on Friday 20 November, 08:00 in Berlin
    ['Send report Friday', NOV_19, '2026-11-20', 'Its title says "Friday", written Thu 19 Nov, and it has no due day.'],
    ['Send report Friday', NOV_19 - 7 * DAY, null, ''],
    ['Call mum tomorrow', NOV_19, '2026-11-20', '"tomorrow", written Thu 19 Nov,'],
    ['Call mum tomorrow', NOV_19 - 2 * DAY, null, ''],
    // 00:30 on the 20th in Berlin, while UTC still has the 19th
    ['Call mum tomorrow', Date.UTC(2026, 10, 19, 23, 30), '2026-11-21', 'Its title says "tomorrow", and'],
    ['Call mum in 3 days', NOV_19, '2026-11-22', '"in 3 days", written Thu 19 Nov,'],
    ['Dentist 26 Nov', NOV_19 - 30 * DAY, '2026-11-26', 'Its title says "26 Nov", and it has no due day.'],
    // a clock that ran ahead says nothing about the day
    ['Call mum tomorrow', PLANNED_AT + 3 * DAY, null, ''],
  ] as const)('%s, at %d: %s', async (title, writtenMs, due, why) => {
    const id = drawnAt(writtenMs);
    const { told, draft } = await plan([put(todos, id, { title })]);
    expect(told).toEqual(due === null ? [] : [['todo.update', { id, due }]]);
    expect(draft.steps[0]?.rationale ?? '').toContain(why);
  });

  it('of a derived id, from the day it was touched last', async () => {
    expect((await plan([todoWrite('Call mum tomorrow')])).told).toEqual([update('Call mum tomorrow', '2026-11-21')]);
    expect((await plan([todoWrite('Call mum tomorrow')], {}, 1)).told).toEqual([update('Call mum tomorrow', TODAY)]);
    expect((await plan([todoWrite('Call mum tomorrow')], {}, 3)).told).toEqual([]);
  });

  it('a day that has passed is no reason to do it today either', async () => {
    const id = drawnAt(NOV_19 - 2 * DAY);
    const { told } = await plan([put(todos, id, { title: 'Lisbon hotel tomorrow' })], { objective: 'Lisbon hotel' });
    expect(told).toEqual([]);
  });
});

describe('relative days in lines of notes', () => {
  const at = (text: string, createdMs: number, touchedMs: number) => {
    const space = spaceOf([], {}, touchedMs);
    space.write([put(notes, drawnAt(createdMs), { title: 'n', body: `- [ ] ${text}` })], ADA, touchedMs);
    return plannerOf(space).then((context) => planByRules(context).steps.map((step) => step.args));
  };
  const now = PLANNED_AT - 1000;
  it.each([
    ['Call Bo tomorrow', 'a note of today', now, now, '2026-11-21'],
    ['Call Bo tomorrow', 'a note of yesterday', now - DAY, now - DAY, TODAY],
    ['Send report Sunday', 'begun yesterday, touched today', now - DAY, now, '2026-11-22'],
    ['Call Bo tomorrow', 'begun yesterday, touched today: either day', now - DAY, now, undefined],
    ['Call Bo tomorrow', 'an old note touched today', now - 9 * DAY, now, undefined],
    ['Send report Friday', 'an old note', now - 9 * DAY, now - 9 * DAY, undefined],
    ['Pay rent 2026-12-01', 'an old note, but an exact day', now - 9 * DAY, now, '2026-12-01'],
  ] as const)('%s in %s', async (text, _name, createdMs, touchedMs, due) => {
    expect(await at(text, createdMs, touchedMs)).toEqual([{ title: text, ...(due === undefined ? {} : { due }) }]);
  });

  it('are not read from a note whose beginning is unknown', async () => {
    const { told, draft } = await plan([noteWrite('n', '- [ ] Call Bo tomorrow')]);
    expect(told).toEqual([['todo.create', { title: 'Call Bo tomorrow' }]]);
    expect(draft.steps[0]?.rationale).not.toContain('It says');
  });
});

describe('a suggestion of a day lives no longer than that day', () => {
  const endOf = (day: string) => Date.parse(`${day}T23:00:00Z`);
  it('in the zone of the mission', async () => {
    const { rows } = await plan([
      ...['a', 'b', 'c', 'd'].map((name, index) => todoWrite(name, { due: `2026-11-1${index}` })),
      todoWrite('Dentist 26 Nov'),
      todoWrite('Tax 2027-03-03'),
      noteWrite('n', '- [ ] Renew the card by 24 Nov\n- [ ] Buy milk'),
    ]);
    expect(rows.steps.map((step) => [step.args['due'], step.expiresAt])).toEqual([
      [TODAY, endOf(TODAY)],
      [TODAY, endOf(TODAY)],
      [TODAY, endOf(TODAY)],
      ['2026-11-21', endOf('2026-11-21')],
      ['2026-11-26', endOf('2026-11-26')],
      ['2027-03-03', PLANNED_AT + PROPOSAL_LIFE_MS],
      ['2026-11-24', endOf('2026-11-24')],
      [undefined, PLANNED_AT + PROPOSAL_LIFE_MS],
    ]);
  });

  it('so that approving it two days later writes no day that has passed; the next plan suggests it anew', async () => {
    const { space, rows } = await plan([todoWrite('x', { due: '2026-11-01' })]);
    space.write(rows.writes, RUNNER_ACTOR, PLANNED_AT);
    const ada = new Decider(space);
    ada.nowMs = PLANNED_AT + 2 * DAY;
    const [move] = await ada.proposals(1);
    if (move === undefined) throw new Error('no proposal');
    const { groups, left } = approve(await ada.load([move]), [move]);
    expect([groups, left.map(({ code }) => code)]).toEqual([[], ['expired']]);
    const next = planByRules(await plannerOf(space, ada.nowMs, '2026-11-22'));
    expect(next.steps.map((step) => step.args)).toEqual([{ id: todoId('x'), due: '2026-11-22' }]);
  });

  it('of the words of the objective, and of what lies still', async () => {
    const { rows } = await plan([todoWrite('Lisbon hotel')], { objective: 'Lisbon' });
    expect(rows.steps.map((step) => step.expiresAt)).toEqual([endOf(TODAY)]);
    const still = await plan([todoWrite('x')], {}, 40);
    expect(still.rows.steps.map((step) => step.expiresAt)).toEqual([endOf('2026-11-23')]);
  });
});

describe('what is known already takes no place', () => {
  /** Plans, rejects all of it, and plans again. */
  const afterRejecting = async (writes: readonly Write[], mission: Mission = {}, ageDays = 0) => {
    const { space, rows, told } = await plan(writes, mission, ageDays);
    space.write(rows.writes, RUNNER_ACTOR, PLANNED_AT);
    const ada = new Decider(space);
    for (const proposal of await ada.proposals(...rows.steps.map((step) => step.n)))
      ada.write([reject(proposal, {}, ada.context)]);
    const again = planByRules(await plannerOf(space, PLANNED_AT + 120_000));
    return [told.length, again.steps.length, again.log] as const;
  };
  const named = (count: number, more: Parameters<typeof todoWrite>[1] = {}, word = 'x') =>
    Array.from({ length: count }, (_, index) => todoWrite(`${word} ${index}`, more));

  it.each([
    ['todos lying still', named(5), {}, 40, [3, 2]],
    ['overdue todos', named(8, { due: '2026-11-18' }), {}, 0, [6, 2]],
    ['dates in titles', named(7, {}, '26 Nov'), {}, 0, [5, 2]],
    ['words of the objective', named(5, {}, 'Lisbon hotel'), { objective: 'Lisbon hotels' }, 0, [3, 2]],
    [
      'lines about the objective',
      [
        noteWrite('n', '- Lisbon 1\n- Lisbon 2\n- Lisbon 3\n- Lisbon 4\n- Lisbon 5'),
        linkWrite('notes', noteId('n')),
        todoWrite('Lisbon 1', { done: true }),
      ],
      { objective: 'Lisbon' },
      0,
      [3, 1],
    ],
  ] as [string, Write[], Mission, number, number[]][])('%s', async (_name, writes, mission, age, [first, second]) => {
    expect(await afterRejecting(writes, mission, age)).toEqual([first, second, []]);
  });

  it('what waits in the inbox holds its place until it is decided, and the log says what was left out', async () => {
    const { space, rows, draft } = await plan(named(5), {}, 40);
    expect(draft.log).toEqual(['The rules found 5 things; the first 3 are suggested.']);
    space.write(rows.writes, RUNNER_ACTOR, PLANNED_AT);
    const again = planByRules(await plannerOf(space, PLANNED_AT + 120_000));
    expect(again.steps).toHaveLength(0);
  });

  it('a mission that observes counts what it would suggest', async () => {
    const { draft } = await plan(named(8, { due: '2026-11-18' }), { autonomy: 'observe' });
    expect(draft.summary).toContain('Found 6 overdue todos.');
  });
});
