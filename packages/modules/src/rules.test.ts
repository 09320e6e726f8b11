import { derivedId } from '@manara/kernel/id';
import { reject } from '@manara/shared-ai/decide';
import { planWrites } from '@manara/shared-ai/plan';
import { planByRules, RULE_STEPS_MAX } from '@manara/shared-ai/rule-planner';
import { approve } from '@manara/shared-ai/settlement';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import type { Write } from '@manara/sync-core/write';
import {
  ADA,
  Decider,
  idSource,
  MISSION_ID,
  PLANNED_AT,
  SLOT,
  stepId,
  TODAY,
  todoId,
  todoWrite,
} from '@manara/testkit/planned-space';
import { linkWrite, noteId, noteWrite, plannerOf, spaceOf } from '@manara/testkit/planner-fixture';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demo, STARTERS, startFrom } from './sample-data.ts';
import { todos } from './todo/schema.ts';

const DAY = 86_400_000;
type Mission = Parameters<typeof spaceOf>[1];

async function plan(writes: readonly Write[], mission: Mission = {}, ageDays = 0) {
  const space = spaceOf(writes, mission, PLANNED_AT - 1000 - ageDays * DAY);
  const context = await plannerOf(space);
  const draft = planByRules(context);
  const rows = planWrites(context, {
    slot: SLOT,
    source: 'server',
    tier: 'rules',
    model: 'rules',
    draft,
    startedAt: 1,
    finishedAt: PLANNED_AT,
  });
  // Whatever the rules say must pass the same validation as a model's plan.
  expect(rows.steps.map((step) => step.validity)).toEqual(draft.steps.map(() => ({ state: 'ok', reason: null })));
  for (const [index, step] of rows.steps.entries())
    expect(step.evidence).toHaveLength(draft.steps[index]?.evidence.length ?? -1);
  return { space, context, draft, rows, told: draft.steps.map((step) => [step.tool, step.args]) };
}
const update = (name: string, due: string) => ['todo.update', { id: todoId(name), due }];

describe('overdue todos', () => {
  it('move to today, the urgent ones first; from the fourth on to tomorrow', async () => {
    const late = ['a', 'b', 'c', 'd'].map((name, index) =>
      todoWrite(name, { due: `2026-11-1${index}`, priority: name === 'd' ? 3 : 0 }),
    );
    const { told, draft } = await plan(late);
    expect(told).toEqual([update('d', TODAY), update('a', TODAY), update('b', TODAY), update('c', '2026-11-21')]);
    expect(draft.steps[0]?.rationale).toBe('It was due Fri 13 Nov, 7 days ago.');
    expect(draft.steps[0]?.evidence).toEqual([{ table: 'todos', id: todoId('d'), quote: 'd' }]);
    expect(draft.summary).toBe('Found 4 overdue todos.');
  });
  it('are not those that are done, due today, or deleted', async () => {
    const { told } = await plan([
      todoWrite('a', { due: '2026-11-01', done: true }),
      todoWrite('b', { due: TODAY }),
      { ...todoWrite('c', { due: '2026-11-01' }), deleted: true },
    ]);
    expect(told).toEqual([]);
  });
});

describe('undated todos with a date in the title', () => {
  it('get that day, with the words as evidence', async () => {
    const { told, draft } = await plan([
      todoWrite('Dentist 26 Nov'),
      todoWrite('Dentist 3 Nov'),
      todoWrite('Pay rent 2026-12-01', { due: '2026-11-30' }),
    ]);
    expect(told).toEqual([update('Dentist 26 Nov', '2026-11-26')]);
    expect(draft.steps[0]?.evidence[0]?.quote).toBe('26 Nov');
    expect(draft.summary).toBe('Found 1 undated todo with a date in the title.');
  });
});

describe('open boxes and TODO lines in notes', () => {
  const body =
    '- [ ] Reserve a table\n- [x] Book the train\nTODO: renew the card by 27 Nov\n- [ ] Call Bo\n```\n- [ ] example\n```';
  it('become todos that cite the line, tainted, unless a todo says so already', async () => {
    const { told, draft, rows } = await plan([noteWrite('Trip', body), todoWrite('call bo', { done: true })]);
    expect(told).toEqual([
      ['todo.create', { title: 'Reserve a table' }],
      ['todo.create', { title: 'renew the card by 27 Nov', due: '2026-11-27' }],
    ]);
    expect(draft.steps[0]?.evidence).toEqual([{ table: 'notes', id: noteId('Trip'), quote: '- [ ] Reserve a table' }]);
    expect(rows.steps.every((step) => step.tainted)).toBe(true);
    expect(draft.summary).toBe('Found 1 open box in notes and 1 TODO line in notes.');
  });
  it('only of the notes that the mission links, when it links any', async () => {
    const { told } = await plan([
      noteWrite('Trip', body),
      noteWrite('Other', '- [ ] Not me'),
      linkWrite('notes', noteId('Other')),
    ]);
    expect(told).toEqual([['todo.create', { title: 'Not me' }]]);
  });
});

describe('items lying still', () => {
  it.each([
    ['undated for 40 days', 40, {}, ['todo.update', { id: todoId('x'), due: '2026-11-23' }]],
    ['undated for 200 days', 200, {}, ['todo.delete', { id: todoId('x') }]],
    ['overdue for long', 60, { due: '2026-09-01' }, ['todo.complete', { id: todoId('x') }]],
  ] as const)('%s', async (_name, age, fields, expected) => {
    const { told, draft } = await plan([todoWrite('x', fields)], {}, age);
    expect(told).toEqual([expected]);
    expect(draft.steps[0]?.rationale).toContain('Untouched for');
    expect(draft.summary).toBe('Found 1 todo lying still.');
  });
  it('are not those touched lately, or due in the future', async () => {
    expect((await plan([todoWrite('x')], {}, 20)).told).toEqual([]);
    expect((await plan([todoWrite('x', { due: '2026-12-24' })], {}, 60)).told).toEqual([]);
  });
});

describe('the words of the objective', () => {
  const mission = { objective: 'Prepare our trips to Lisbon and plan the budget.' };
  it('pick undated todos, the best match first, and lines of linked notes', async () => {
    const body = 'Ideas\n- Hotel in Lisbon\n- Learn to cook';
    const { told, draft } = await plan(
      [
        todoWrite('Buy milk'),
        todoWrite('Lisbon trip: book train'),
        todoWrite('Lisbon dinner'),
        noteWrite('Ideas', body),
        linkWrite('notes', noteId('Ideas')),
        ...['Buy milk', 'Lisbon trip: book train', 'Lisbon dinner'].map((name) => linkWrite('todos', todoId(name))),
      ],
      mission,
    );
    expect(told).toEqual([
      update('Lisbon trip: book train', TODAY),
      update('Lisbon dinner', TODAY),
      ['todo.create', { title: 'Hotel in Lisbon' }],
    ]);
    expect(draft.steps[0]?.rationale).toContain('"trips" and "Lisbon"');
  });
  it('are not the words that every objective has', async () => {
    expect(
      (
        await plan([todoWrite('Look at my open todos and notes'), todoWrite('plan the day')], {
          objective: 'Every weekday, look at my open todos and notes and plan my day',
        })
      ).told,
    ).toEqual([]);
  });
});

describe('the objective, judged on what people write', () => {
  const LIST = [
    'Ask Bob about the rent',
    'Buy a present for Ana',
    'Buy milk',
    'Call the plumber',
    'Decide on a phone plan',
    'Water the plants',
    'Book train to Lisbon',
    'Renew passport',
    'Lisbon: find a hotel',
    'Pay the electricity bill',
    'Read chapter 4 of the Rust book',
    'Clean the kitchen',
    'Send the invoice to Marek',
    'Think about what happens with the old bike',
    'Move the boxes that are still in the cellar',
  ];
  const picked = async (objective: string) =>
    (
      await plan(
        LIST.map((title) => todoWrite(title)),
        { objective },
      )
    ).told.map(([, args]) => LIST.find((title) => (args as { id: string }).id === todoId(title)));

  it.each(STARTERS.map(({ id, objective }) => [id, objective]))(
    'the starter %s picks nothing',
    async (_id, objective) => {
      expect(await picked(objective)).toEqual([]);
    },
  );

  it.each([
    ['can you add buy milk to my list?', ['Buy milk']],
    ['Get everything ready for the Lisbon trip', ['Book train to Lisbon', 'Lisbon: find a hotel']],
    ["Don't let the rent or the electricity bill be forgotten", ['Pay the electricity bill', 'Ask Bob about the rent']],
    ['Keep the kitchen and my plants in shape', ['Clean the kitchen', 'Water the plants']],
    ['Every Monday, call and ask people who still have to pay me, and write it down', []],
    ['What should I do next? I never really know where to start', []],
    ['Read one book a month', []],
  ])('%s', async (objective, titles) => {
    expect([...(await picked(objective))].sort()).toEqual([...titles].sort());
  });

  it('one word that many todos have says nothing; two words do', async () => {
    const garden = ['dig', 'sow', 'mow', 'rake'].map((word) => todoWrite(`Garden: ${word}`));
    expect((await plan(garden, { objective: 'Look after the garden' })).told).toEqual([]);
    const { told } = await plan([...garden, todoWrite('Garden fence')], { objective: 'Mend the garden fence' });
    expect(told).toEqual([update('Garden fence', TODAY)]);
    expect((await plan(garden.slice(1), { objective: 'Look after the garden' })).told).toHaveLength(3);
  });
});

describe('a plan by rules', () => {
  it('is the same for the same rows, and not longer than it says', async () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      todoWrite(`Todo ${index} 26 Nov`, index % 2 === 0 ? { due: '2026-11-01' } : {}),
    );
    const writes = [...many, noteWrite('n', Array.from({ length: 40 }, (_, index) => `- [ ] box ${index}`).join('\n'))];
    const [one, two] = [await plan(writes), await plan([...writes].reverse())];
    expect(one.draft).toEqual(two.draft);
    expect(one.draft.steps).toHaveLength(RULE_STEPS_MAX);
    expect(new Set(one.draft.steps.map((step) => step.tool)).size).toBe(2);
    expect(one.draft.log[0]).toMatch(/^The rules found \d+ things; the first 10 are suggested\.$/);
  });

  it('suggests one thing a todo', async () => {
    const { told } = await plan([todoWrite('Lisbon 26 Nov')], { objective: 'Lisbon' }, 100);
    expect(told).toEqual([update('Lisbon 26 Nov', '2026-11-26')]);
  });

  it('says so when there is nothing', async () => {
    const { draft, rows } = await plan([todoWrite('Buy milk')]);
    expect(draft.summary).toMatch(/^Nothing new to suggest/);
    expect(rows.outcome).toBe('empty');
  });

  it('only observes when the mission does', async () => {
    const { draft } = await plan([todoWrite('x', { due: '2026-11-01' })], { autonomy: 'observe' });
    expect(draft).toMatchObject({
      steps: [],
      summary: 'Found 1 overdue todo. This mission only observes, so it suggests nothing.',
    });
  });

  it('uses only what the mission may use', async () => {
    const { told } = await plan([todoWrite('x', { due: '2026-11-01' }), noteWrite('n', '- [ ] box')], {
      toolAllow: ['todo.create'],
    });
    expect(told).toEqual([['todo.create', { title: 'box' }]]);
  });

  it('a rule that throws costs only its own findings', async () => {
    const context = await plannerOf(spaceOf([todoWrite('x', { due: '2026-11-01' })]));
    const bad = {
      name: 'bad',
      says: () => '',
      find: () => {
        throw new Error('secret');
      },
    };
    const draft = planByRules({ ...context, rules: [bad, ...context.rules] });
    expect(draft.steps).toHaveLength(1);
    expect(JSON.stringify(draft)).not.toContain('secret');
  });

  it('due mission re-planned every tick: planned again, what is open, rejected or done is not suggested again', async () => {
    const { space, rows, draft } = await plan([
      todoWrite('x', { due: '2026-11-01' }),
      noteWrite('n', '- [ ] a\n- [ ] b'),
    ]);
    expect(draft.steps).toHaveLength(3);
    space.write(rows.writes, RUNNER_ACTOR, PLANNED_AT);
    const again = async (at: number) => planByRules(await plannerOf(space, at)).steps.map((step) => step.args);
    expect(await again(PLANNED_AT + 1000)).toEqual([]);
    const ada = new Decider(space);
    const [move, a, b] = await ada.proposals(1, 2, 3);
    if (move === undefined || a === undefined || b === undefined) throw new Error('no proposals');
    ada.write([reject(a, {}, ada.context)]);
    ada.write(approve(await ada.load([move, b]), [move, b]).groups);
    expect(await again(PLANNED_AT + 120_000)).toEqual([]);
    expect((await space.list(todos)).map((todo) => [todo.title, todo.due]).sort()).toEqual([
      ['b', null],
      ['x', TODAY],
    ]);
    space.write(
      [{ table: 'todos', id: derivedId('todo', 'x'), set: { due: '2026-11-02' } }],
      ADA,
      PLANNED_AT + 130_000,
    );
    expect(await again(PLANNED_AT + 140_000)).toEqual([{ id: todoId('x'), due: TODAY }]);
    expect((await ada.proposals(2))[0]?.stepId).toBe(stepId(2));
  });

  it('never throws, and every step is valid, for any notes and titles', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constantFrom(
        '- [ ] ',
        '- [ ] x',
        'TODO: y',
        '```',
        '- [ ] [](javascript:alert(1))',
        '- [ ] Nov 31',
        'TODO: \u202e rtl',
        '- [ ] **',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 12 }),
        fc.array(line, { maxLength: 6 }),
        line,
        async (lines, titles, objective) => {
          const clean = (text: string) => text.replaceAll('\0', '').toWellFormed();
          await plan(
            [
              noteWrite('n', clean(lines.join('\n'))),
              ...titles.map((title, index) =>
                todoWrite(`${index}`, { title: clean(title), due: index % 3 === 0 ? '2026-10-31' : null }),
              ),
            ],
            { objective: clean(objective) },
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('starters and the demo', () => {
  const context = () => ({ newId: idSource('demo'), nowMs: PLANNED_AT - 1000, today: TODAY, zone: 'Europe/Berlin' });

  it('each starter is an active mission with a schedule', () => {
    expect(STARTERS).toHaveLength(3);
    for (const starter of STARTERS) {
      const { id, writes } = startFrom(starter, context());
      expect(writes).toMatchObject([
        {
          id,
          table: 'missions',
          set: {
            title: starter.title,
            state: 'active',
            templateId: starter.id,
            trigger: { kind: 'rrule', zone: 'Europe/Berlin' },
          },
        },
      ]);
    }
  });

  it('the demo gives the rules something of every kind to find, and goes away whole', async () => {
    const sample = demo(context());
    const space = spaceOf(sample.writes);
    const planner = await plannerOf(space);
    const mission = {
      ...planner.mission,
      ...(sample.writes.find((write) => write.id === sample.missionId)?.set as object),
    };
    const draft = planByRules({ ...planner, mission });
    expect(draft.steps.map((step) => step.tool)).toEqual([
      'todo.update',
      'todo.update',
      'todo.update',
      'todo.create',
      'todo.create',
      'todo.create',
      'todo.create',
    ]);
    expect(draft.summary).toBe(
      'Found 2 overdue todos, 1 undated todo with a date in the title, 2 open boxes in notes and 2 TODO lines in notes.',
    );
    space.write(sample.removal, ADA, PLANNED_AT);
    expect(await space.list(todos)).toEqual([]);
    expect(MISSION_ID).not.toBe(sample.missionId);
  });
});
