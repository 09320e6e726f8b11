import { editNote } from '@manara/modules/notes/actions';
import { notes } from '@manara/modules/notes/schema';
import { tables } from '@manara/modules/registry';
import { demo } from '@manara/modules/sample-data';
import { setTodoDone } from '@manara/modules/todo/actions';
import { todos } from '@manara/modules/todo/schema';
import { missionInputs, missions } from '@manara/shared-ai/tables/missions';
import { put } from '@manara/sync-core/write';
import { MemorySpace } from '@manara/testkit/memory-space';
import { idSource, MISSION_ID, missionWrite, planOf } from '@manara/testkit/planned-space';
import { beforeEach, describe, expect, it } from 'vitest';
import { demoRecords, recentRuns } from './today-queries.ts';

const ADA = { kind: 'user', id: 'ada', name: 'Ada' } as const;
const MADE_AT = 1_800_000_000_000;
const LATER = MADE_AT + 5_000;
const context = { newId: idSource('demo test'), nowMs: MADE_AT, today: '2026-11-21', zone: 'UTC' };
let space: MemorySpace;
let missionId: string;

beforeEach(() => {
  space = new MemorySpace(tables, 'aaaaaaaaaaaaaaaa');
  const made = demo(context);
  space.write(made.writes, ADA, MADE_AT);
  missionId = made.missionId;
});

const left = async () => {
  const records = await demoRecords(space);
  const count = (table: string) => records.filter((record) => record.table === table).length;
  return [count(missions.name), count(missionInputs.name), count(notes.name), count(todos.name)];
};

it('sends to the mission that ran, or to the conversation that planned without one', async () => {
  const plan = planOf([{ tool: 'todo.create', args: { title: 'Call Ana' } }]);
  space.write(plan, ADA, LATER);
  const paths = async () => (await recentRuns(space, 0)).map((run) => [run.missionTitle, run.path]);
  expect(await paths()).toEqual([['Chat', `/chat?with=${MISSION_ID}`]]);
  space.write([missionWrite({ title: 'Plan my day' })], ADA, LATER);
  expect(await paths()).toEqual([['Plan my day', `/missions/${MISSION_ID}`]]);
});

describe('the records of the demo', () => {
  it('are all that it made, while nobody touched them', async () => {
    expect(await left()).toEqual([1, 6, 2, 4]);
  });

  it('are not what the person changed since', async () => {
    const [note] = await space.list(notes);
    const [todo] = await space.list(todos);
    if (!note || !todo) throw new Error('the demo has none');
    space.write(editNote(note, { body: `${note.body}\nMy own words.` }), ADA, LATER);
    space.write(setTodoDone(todo.id, true, { ...context, nowMs: LATER }), ADA, LATER);
    expect(await left()).toEqual([1, 6, 1, 3]);
  });

  it('are none when the person made the mission their own', async () => {
    space.write([put(missions, missionId, { title: 'My day' })], ADA, LATER);
    expect(await left()).toEqual([0, 0, 0, 0]);
  });
});
