import { derivedId } from '@manara/kernel/id';
import type { JsonValue } from '@manara/kernel/json';
import { toolByName } from '@manara/modules/registry';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { invalidValue } from '@manara/sync-core/define-table';
import { jsonBytes, valueFault } from '@manara/sync-core/value-limits';
import { put } from '@manara/sync-core/write';
import {
  ADA,
  Decider,
  ITERATION_ID,
  PLANNED_AT,
  planOf,
  SLOT,
  stepId,
  todoId,
  todoWrite,
} from '@manara/testkit/planned-space';
import { linkWrite, noteId, noteWrite, plannerOf, spaceOf } from '@manara/testkit/planner-fixture';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reject } from './decide.ts';
import { createdIdOf } from './derived-ids.ts';
import { planWrites } from './plan.ts';
import { PROPOSAL_LIFE_MS } from './plan-limits.ts';
import { approve } from './settlement.ts';
import { iterations, policies, steps } from './tables/plans.ts';
import type { PlannedStep } from './tool.ts';
import { validateSteps } from './validate-steps.ts';

const step = (tool: string, args: JsonValue, more: Partial<PlannedStep> = {}): PlannedStep => ({
  tool,
  args,
  rationale: 'why',
  evidence: [],
  dependsOn: [],
  ...more,
});
const space = () =>
  spaceOf([
    todoWrite('Call Bo', { due: '2026-11-18' }),
    todoWrite('Old', { done: true }),
    noteWrite('Trip', 'Pack\n- [ ] book   the hotel'),
  ]);
const validate = async (planned: readonly PlannedStep[], of = space(), byModel = false) =>
  validateSteps(planned, await plannerOf(of), ITERATION_ID, byModel);
const first = async (planned: PlannedStep, of = space()) => (await validate([planned], of)).steps[0];

describe('a bad step is put aside with its reason', () => {
  it.each([
    ['unknown tool', step('todo.fly', {}), 'there is no tool todo.fly'],
    ['no tool', step('', {}), 'it names no tool'],
    ['__proto__', step('__proto__', {}), 'there is no tool __proto__'],
    ['not an object', step('todo.create', 'x'), 'its arguments are not an object'],
    ['missing', step('todo.create', {}), 'title:'],
    ['wrong type', step('todo.create', { title: 5 }), 'title:'],
    ['30 February', step('todo.create', { title: 'x', due: '2026-02-30' }), 'due: a day of the calendar'],
    ["another account's id", step('todo.complete', { id: derivedId('not yours') }), 'there is no such record in todos'],
    [
      "another account's id in another argument",
      step('todo.create', { title: 'x', listId: derivedId('not yours') }),
      'there is no such record in todoLists',
    ],
    ['broken premise', step('todo.complete', { id: todoId('Old') }), '"Old" is already done'],
    ['too long', step('notes.create', { title: 'x', body: 'y'.repeat(70_000) }), 'longer than'],
    ['unsafe number', step('todo.create', { title: 'x', priority: 2 ** 53 }), 'number'],
    ['a step that creates nothing', step('todo.create', { title: 'x', listId: 'step:1' }), 'it names step 1'],
  ] as [string, PlannedStep, string][])('%s', async (_name, planned, reason) => {
    const found = await first(planned);
    expect(found?.validity.state).toBe('quarantined');
    expect(found?.validity.reason).toContain(reason);
  });

  it('and the good ones around it are kept, with their numbers', async () => {
    const { steps: found } = await validate([
      step('todo.create', { title: 'a' }),
      step('todo.fly', {}),
      step('todo.create', { title: 'b' }),
    ]);
    expect(found.map(({ n, validity }) => [n, validity.state])).toEqual([
      [1, 'ok'],
      [2, 'quarantined'],
      [3, 'ok'],
    ]);
  });

  it('a step that needs a bad one goes with it', async () => {
    const { steps: found } = await validate([
      step('todo.createList', {}),
      step('todo.create', { title: 'b' }, { dependsOn: [1] }),
    ]);
    expect(found[1]?.validity).toEqual({ state: 'quarantined', reason: 'it needs step 1, which was put aside' });
  });

  it('what the mission may not use, and what a policy denies', async () => {
    const granted = spaceOf([], { toolAllow: ['notes.create'] });
    expect((await first(step('todo.create', { title: 'x' }), granted))?.validity.reason).toBe(
      'the mission may not use todo.create',
    );
    const denied = spaceOf([
      put(policies, derivedId('p'), { match: { module: 'todo' }, decision: 'deny', mode: 'enforce' }),
    ]);
    expect((await first(step('todo.create', { title: 'x' }), denied))?.validity.reason).toBe(
      'a policy denies todo.create',
    );
    expect(
      (await first(step('todo.create', { title: 'x' }), spaceOf([], { autonomy: 'observe' })))?.validity.state,
    ).toBe('quarantined');
  });
});

describe('arguments are mended where what was meant is plain', () => {
  it.each([
    ['extra keys', { title: 'x', colour: 'red' }, { title: 'x' }],
    ['a time for a day', { title: 'x', due: '2026-11-26T08:00:00Z' }, { title: 'x', due: '2026-11-26' }],
    ['empty text for nothing', { title: 'x', due: '' }, { title: 'x' }],
    ['null for nothing', { title: 'x', note: null, priority: null }, { title: 'x' }],
    ['a number in text', { title: 'x', priority: '2' }, { title: 'x', priority: 2 }],
    ['a word for a number', { title: 'x', priority: 'high' }, { title: 'x', priority: 3 }],
    ['bad characters', { title: 'x\0y\ud800' }, { title: 'xy\ufffd' }],
  ])('%s', async (_name, raw, args) => {
    const found = await first(step('todo.create', raw as JsonValue));
    expect(found).toMatchObject({ args, validity: { state: 'repaired' } });
    expect(found?.args).toEqual(args);
  });

  it('an id with its table, in capitals', async () => {
    const found = await first(step('todo.update', { id: `todos/${todoId('Call Bo').toUpperCase()}`, due: null }));
    expect(found).toMatchObject({ args: { id: todoId('Call Bo'), due: null }, validity: { state: 'repaired' } });
  });

  it('what is right is left alone', async () => {
    const args = { title: 'x', due: null, note: 'javascript:alert(1) ![x](http://evil)\u202e' };
    expect(await first(step('todo.create', args))).toMatchObject({
      args,
      rawArgs: args,
      validity: { state: 'ok', reason: null },
    });
  });
});

describe('what a step carries', () => {
  it('risk and reversibility of its tool, an expiry, a summary, what it read', async () => {
    const found = await first(step('todo.delete', { id: todoId('Call Bo') }));
    expect(found).toMatchObject({
      risk: 'high',
      reversible: true,
      expiresAt: PLANNED_AT + PROPOSAL_LIFE_MS,
      summary: 'Delete "Call Bo"',
      tainted: false,
    });
    const update = await first(step('todo.update', { id: todoId('Call Bo'), due: '2026-11-20' }));
    expect(update?.basis.map(({ field }) => field)).toEqual(['due']);
  });

  it('evidence only where the quote really stands in the record', async () => {
    const cite = (table: string, id: string, quote: string) => ({ table, id, quote });
    const evidence = [
      cite('notes', noteId('Trip'), 'BOOK the hotel'),
      cite('notes', noteId('Trip'), 'burn the hotel'),
      cite('notes', derivedId('nowhere'), 'Pack'),
      cite('missions', derivedId('mission'), 'Plan'),
    ];
    const { steps: found, log } = await validate([step('todo.create', { title: 'Book' }, { evidence })]);
    expect(found[0]?.evidence).toEqual([cite('notes', noteId('Trip'), 'BOOK the hotel')]);
    expect(log).toEqual(['Step 1 cited something that does not stand there; that was left out.']);
  });

  it('is tainted when it follows from a note; from a model, whenever a note was read', async () => {
    const evidence = [{ table: 'notes', id: noteId('Trip'), quote: 'Pack' }];
    const cited = step('todo.create', { title: 'a' }, { evidence });
    const plain = step('todo.create', { title: 'b' });
    const tainted = async (byModel: boolean, of = space()) =>
      (await validate([cited, plain], of, byModel)).steps.map((one) => one.tainted);
    expect(await tainted(false)).toEqual([true, false]);
    expect(await tainted(true)).toEqual([true, true]);
    const linked = spaceOf([todoWrite('Call Bo'), noteWrite('Trip', 'Pack'), linkWrite('todos', todoId('Call Bo'))]);
    expect(await tainted(true, linked)).toEqual([true, false]);
  });

  it('a record that an earlier step creates, by its derived id', async () => {
    const { steps: found } = await validate([
      step('todo.createList', { title: 'Trip' }),
      step('todo.create', { title: 'Pack', listId: 'step:1' }),
    ]);
    expect(found[1]).toMatchObject({
      args: { listId: createdIdOf(stepId(1), 'list') },
      dependsOn: [1],
      validity: { state: 'ok' },
    });
  });
});

describe('repetitions are left out', () => {
  it('within the plan, and of what exists', async () => {
    const { steps: found, log } = await validate([
      step('todo.create', { title: 'New' }),
      step('todo.create', { title: ' new. ' }),
      step('todo.create', { title: 'CALL  bo' }),
    ]);
    expect(found.map((one) => one.n)).toEqual([1]);
    expect(log).toEqual([
      'Step 2 (todo.create) was left out: the plan says it already.',
      'Step 3 (todo.create) was left out: it exists already.',
    ]);
  });

  const kept = async (of: ReturnType<typeof space>, planned: PlannedStep, nowMs = PLANNED_AT + 120_000) =>
    validateSteps([planned], await plannerOf(of, nowMs), ITERATION_ID, false).steps.length;

  it('of what is open, and of what was rejected until its record changes', async () => {
    const of = space();
    const move = { tool: 'todo.update', args: { id: todoId('Call Bo'), due: '2026-11-20' } };
    of.write(planOf([{ tool: 'todo.create', args: { title: 'Buy milk' } }, move]), RUNNER_ACTOR, PLANNED_AT);
    const again = [step('todo.create', { title: 'buy milk' }), step('todo.update', move.args)] as const;
    for (const one of again) expect(await kept(of, one)).toBe(0);
    const other = step('todo.update', { id: todoId('Call Bo'), due: '2026-11-21' });
    expect(await kept(of, other)).toBe(1);
    const ada = new Decider(of);
    ada.write((await ada.proposals(1, 2)).map((one) => reject(one, { reasonCode: 'wrong' }, ada.context)));
    for (const one of [...again, other]) expect(await kept(of, one)).toBe(0);
    of.write([todoWrite('Call Bo', { due: '2026-11-17' })], ADA, ada.nowMs + 1);
    expect(await kept(of, other, ada.nowMs + 2)).toBe(1);
    expect(await kept(of, again[0], ada.nowMs + 2)).toBe(0);
  });

  it('"not now" keeps it away for a week', async () => {
    const of = space();
    of.write(planOf([{ tool: 'todo.create', args: { title: 'Buy milk' } }]), RUNNER_ACTOR, PLANNED_AT);
    const ada = new Decider(of);
    ada.write((await ada.proposals(1)).map((one) => reject(one, { reasonCode: 'not-now' }, ada.context)));
    expect(await kept(of, step('todo.create', { title: 'Buy milk' }), PLANNED_AT + 6 * 86_400_000)).toBe(0);
    expect(await kept(of, step('todo.create', { title: 'Buy milk' }), PLANNED_AT + 8 * 86_400_000)).toBe(1);
  });

  it('of what was made before, also when the person deleted it', async () => {
    const of = space();
    of.write(planOf([{ tool: 'todo.create', args: { title: 'Buy milk' } }]), RUNNER_ACTOR, PLANNED_AT);
    const ada = new Decider(of);
    const seen = await ada.proposals(1);
    ada.write(approve(await ada.load(seen), seen).groups);
    of.write([{ table: 'todos', id: createdIdOf(stepId(1), 'todo'), deleted: true }], ADA, PLANNED_AT + 100_000);
    expect(await kept(of, step('todo.create', { title: 'Buy milk' }))).toBe(0);
  });
});

describe('a plan as rows', () => {
  const options = {
    slot: SLOT,
    source: 'server',
    tier: 'rules',
    model: 'rules',
    startedAt: PLANNED_AT,
    finishedAt: PLANNED_AT + 5,
  } as const;
  const draft = (planned: readonly PlannedStep[]) => ({
    summary: '',
    answer: '',
    steps: planned,
    log: ['Mended something.'],
  });

  it('is the iteration and its steps, derived ids, one batch', async () => {
    const plan = planWrites(await plannerOf(space()), {
      ...options,
      draft: draft([step('todo.create', { title: 'a' }), step('todo.fly', {})]),
    });
    expect(plan).toMatchObject({ iterationId: ITERATION_ID, sentence: '1 change: 1 create', outcome: 'planned' });
    expect(plan.writes.map((write) => [write.table, write.id])).toEqual([
      [iterations.name, ITERATION_ID],
      [steps.name, stepId(1)],
      [steps.name, stepId(2)],
    ]);
    expect(plan.writes[0]?.set).toMatchObject({
      summary: '1 change: 1 create',
      repairLog: ['Mended something.'],
      source: 'server',
    });
    const device = planWrites(await plannerOf(space()), {
      ...options,
      source: 'device',
      clientId: 'aaaaaaaaaaaaaaaa',
      draft: draft([]),
    });
    expect(device.iterationId).not.toBe(ITERATION_ID);
    expect(device.outcome).toBe('empty');
  });

  it('iterations[] in one field loses work: no, every iteration and step is a row of its own', async () => {
    const plan = planWrites(await plannerOf(space()), {
      ...options,
      draft: draft([step('todo.create', { title: 'a' }), step('todo.create', { title: 'b' })]),
    });
    expect(new Set(plan.writes.map((write) => write.id)).size).toBe(3);
  });

  it('holds only what the server takes, whatever a planner returns', async () => {
    const context = await plannerOf(space());
    const anyStep = fc.record({
      tool: fc.oneof(fc.constantFrom(...toolByName.keys()), fc.string()),
      args: fc.oneof(
        fc.jsonValue() as fc.Arbitrary<JsonValue>,
        fc.dictionary(
          fc.constantFrom('id', 'title', 'due', 'priority', 'note', 'body', 'text', 'listId', '__proto__', '$x'),
          fc.oneof(
            fc.string(),
            fc.integer(),
            fc.constant(null),
            fc.constantFrom(todoId('Call Bo'), noteId('Trip'), 'step:1', '2026-11-26', 'a\0'),
          ) as fc.Arbitrary<JsonValue>,
        ),
      ),
      rationale: fc.string(),
      evidence: fc.array(
        fc.record({
          table: fc.constantFrom('notes', 'todos', 'x', '__proto__'),
          id: fc.constantFrom(noteId('Trip'), 'x'),
          quote: fc.string(),
        }),
        { maxLength: 3 },
      ),
      dependsOn: fc.array(fc.integer({ min: -2, max: 9 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 6 }), fc.boolean(), (planned, byModel) => {
        const plan = planWrites(context, {
          ...options,
          tier: byModel ? 'model' : 'rules',
          draft: draft(planned as PlannedStep[]),
        });
        for (const write of plan.writes) {
          const table = write.table === steps.name ? steps : iterations;
          for (const [field, value] of Object.entries(write.set ?? {})) {
            expect(invalidValue(table, field, value), `${field} ${JSON.stringify(value)}`).toBeNull();
            expect(valueFault(value), `${field} ${JSON.stringify(value)}`).toBeNull();
            expect(jsonBytes(value)).toBeLessThan(65_536);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
