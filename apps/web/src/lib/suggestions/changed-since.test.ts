import { notes } from '@manara/modules/notes/schema';
import { toolByName } from '@manara/modules/registry';
import { todos } from '@manara/modules/todo/schema';
import { basisOf } from '@manara/shared-ai/basis';
import { stageSteps } from '@manara/shared-ai/stage';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import type { AnyRow } from '@manara/sync-core/define-table';
import { put, type Write } from '@manara/sync-core/write';
import {
  ADA,
  DEVICE_A,
  missionWrite,
  newDevice,
  PLANNED_AT,
  planOf,
  type StepInput,
  stepId,
  TODAY,
  todoId,
  todoWrite,
} from '@manara/testkit/planned-space';
import { noteId } from '@manara/testkit/planner-fixture';
import { expect, it } from 'vitest';
import { readUndecided } from './read-suggestions.ts';

const BO = todoId('Call Bo');
const NOTE = noteId('Shopping');
const moment = { nowMs: PLANNED_AT + 60_000, today: TODAY, clientId: DEVICE_A };

/** Suggestions of a plan whose planner read a todo and a note whole, after a person's edit. */
async function suggestionsAfter(edit: Write, ...plan: readonly StepInput[]) {
  const device = newDevice(DEVICE_A);
  const note = put(notes, NOTE, { title: 'Shopping', body: 'Milk' });
  device.write([missionWrite(), todoWrite('Call Bo', { due: '2026-11-18' }), note], ADA, PLANNED_AT - 1000);
  const rows = [
    [todos, await device.get(todos, BO)],
    [notes, await device.get(notes, NOTE)],
  ] as const;
  const basis = rows.flatMap(([table, row]) =>
    basisOf(table.name, row as unknown as AnyRow, Object.keys(table.fields)),
  );
  device.write(planOf(plan.map((step) => ({ basis, ...step }))), RUNNER_ACTOR, PLANNED_AT);
  device.write([edit], ADA, PLANNED_AT + 1);
  const ids = plan.map((_, index) => stepId(index + 1));
  return (await readUndecided(device, await stageSteps(device, toolByName, ids), moment)).suggestions;
}
const update = (args: object): StepInput => ({ tool: 'todo.update', args: { id: BO, ...args } });

it('tells of a field that the suggestion sets: what is there now, and what would be', async () => {
  const edit = put(todos, BO, { due: '2026-11-25' });
  const [one] = await suggestionsAfter(edit, update({ due: '2026-11-20' }));
  expect(one?.changedSince).toMatchObject([{ label: 'Due', now: 'Wed 25 Nov', suggested: 'Fri 20 Nov' }]);
  expect(one?.changedSince[0]).not.toHaveProperty('planned');
  expect(one?.asksAlone).toBe('its due day changed since it was planned');
});

it('tells of one that it leaves alone, and what was there where that can be known', async () => {
  const [one] = await suggestionsAfter(put(todos, BO, { priority: 3 }), update({ due: '2026-11-20' }));
  expect(one).toMatchObject({ changedSince: [{ label: 'Priority', now: 'high', planned: '' }], asksAlone: null });
  expect(one?.changedSince[0]).not.toHaveProperty('suggested');
});

it('names another record, and shows the begin of its text', async () => {
  const body = `Milk\n${'Eggs and '.repeat(50)}`;
  const [one] = await suggestionsAfter(put(notes, NOTE, { body }), update({ due: '2026-11-20' }));
  expect(one).toMatchObject({ changedSince: [{ label: 'Text', record: 'Shopping' }], asksAlone: null });
  expect(one?.changedSince[0]?.now).toMatch(/^Milk Eggs and .{150,190}$/);
});

it('tells nothing of a place in the list, of what did not change, and of what can no longer be approved', async () => {
  const moved = await suggestionsAfter(put(todos, BO, { position: 'b7' }), update({ due: '2026-11-20' }));
  expect(moved[0]?.changedSince).toEqual([]);
  const already = await suggestionsAfter(put(todos, BO, { due: '2026-11-20' }), update({ due: '2026-11-20' }));
  expect(already[0]).toMatchObject({ changedSince: [], stale: '"Call Bo" is already like that' });
});
