import { tableByName, toolByName } from '@manara/modules/registry';
import { todos } from '@manara/modules/todo/schema';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { put } from '@manara/sync-core/write';
import { ADA, Decider, PLANNED_AT, SLOT, stepId, todoId, todoWrite } from '@manara/testkit/planned-space';
import { plannerOf, spaceOf } from '@manara/testkit/planner-fixture';
import { expect, it } from 'vitest';
import { driftOf } from './basis.ts';
import { planWrites } from './plan.ts';
import { planByRules } from './rule-planner.ts';
import { stageSteps } from './stage.ts';

it('tells which fields that the planner read have changed since, and what stands there now', async () => {
  const space = spaceOf([todoWrite('Call Bo', { due: '2026-11-18' })]);
  const context = await plannerOf(space);
  const draft = planByRules(context);
  const plan = planWrites(context, {
    slot: SLOT,
    source: 'server',
    tier: 'rules',
    model: 'rules',
    draft,
    startedAt: 1,
    finishedAt: 2,
  });
  space.write(plan.writes, RUNNER_ACTOR, PLANNED_AT);
  const drift = async () => {
    const ada = new Decider(space);
    const [proposal] = await stageSteps(space, toolByName, [stepId(1)]);
    if (proposal === undefined) throw new Error('no proposal');
    return driftOf(proposal, (await ada.load([proposal])).world, tableByName);
  };
  expect(await drift()).toEqual([]);
  space.write([put(todos, todoId('Call Bo'), { note: 'unrelated' })], ADA, PLANNED_AT + 1);
  expect(await drift()).toEqual([]);
  space.write([put(todos, todoId('Call Bo'), { due: '2026-11-30' })], ADA, PLANNED_AT + 2);
  expect(await drift()).toMatchObject([{ table: 'todos', id: todoId('Call Bo'), field: 'due', now: '2026-11-30' }]);
});
