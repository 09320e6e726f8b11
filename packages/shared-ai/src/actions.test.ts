import { derivedId } from '@manara/kernel/id';
import { inputSources, rules, tableByName, toolByName } from '@manara/modules/registry';
import { RUNNER_ACTOR } from '@manara/sync-core/actor';
import { invalidValue } from '@manara/sync-core/define-table';
import { put, type Write } from '@manara/sync-core/write';
import {
  ADA,
  DEVICE_A,
  Decider,
  ITERATION_ID,
  idSource,
  MISSION_ID,
  missionWrite,
  newDevice,
  PLANNED_AT,
  planOf,
  TODAY,
  todoId,
  todoWrite,
} from '@manara/testkit/planned-space';
import { describe, expect, it } from 'vitest';
import {
  answerByRules,
  answerWrites,
  askAgain,
  failedAnswer,
  inReadingOrder,
  messageText,
  resolveChat,
  sendMessage,
} from './chat-actions.ts';
import { reject, snooze } from './decide.ts';
import { answerIdOf } from './derived-ids.ts';
import {
  archiveMission,
  createMission,
  deleteMission,
  editMission,
  giveFeedback,
  pauseMission,
  restoreMission,
  resumeMission,
  runNow,
  setMissionInputs,
} from './mission-actions.ts';
import { planWrites } from './plan.ts';
import { groupProposals, supersededIds, viewOf } from './proposal.ts';
import { stageSteps } from './stage.ts';
import { conversations, messages } from './tables/chat.ts';
import { type Mission, missionInputs, missions, runRequests } from './tables/missions.ts';
import { iterations, steps } from './tables/plans.ts';
import { triggerOf } from './trigger-words.ts';

const context = () => ({ newId: idSource('act'), nowMs: 1000 });
const accepted = (writes: readonly Write[]) => {
  for (const write of writes) {
    const table = tableByName.get(write.table);
    if (table === undefined) throw new Error(write.table);
    for (const [field, value] of Object.entries(write.set ?? {}))
      expect(invalidValue(table, field, value), `${write.table}.${field}`).toBeNull();
  }
  return writes;
};

describe('mission actions', () => {
  it('create a mission with its inputs in one group, as the server takes it', async () => {
    const ref = { table: 'notes', id: derivedId('n') };
    const trigger = triggerOf({ kind: 'weekdays', time: '08:00' }, 'Europe/Berlin', 5);
    const query = { table: 'todos', filter: { done: false }, limit: 50 };
    const { id, writes } = createMission(
      { title: ' Plan\nmy day ', objective: 'o\0', trigger, inputs: [{ ref }, { query }] },
      context(),
    );
    accepted(writes);
    const space = newDevice(DEVICE_A);
    space.write(writes, ADA, 1);
    expect(await space.get(missions, id)).toMatchObject({
      title: 'Plan my day',
      objective: 'o',
      state: 'active',
      autonomy: 'propose',
      trigger,
    });
    expect(
      (await space.list(missionInputs, { by: 'missionId', equals: id })).map((row) => [row.ref, row.query]),
    ).toEqual(
      expect.arrayContaining([
        [ref, null],
        [null, query],
      ]),
    );
    const stored = await space.list(missionInputs);
    const other = { table: 'notes', id: derivedId('m') };
    const changed = setMissionInputs(id, stored, [{ ref }, { ref: other }], context());
    expect(changed.map((write) => [write.deleted, write.set?.['ref']])).toEqual([
      [true, undefined],
      [undefined, other],
    ]);
    expect(setMissionInputs(id, stored, [{ ref }, { query }], context())).toEqual([]);
  });

  it('edit writes only what differs; states, deletion and its undo are one field each', async () => {
    const space = newDevice(DEVICE_A);
    const { id, writes } = createMission({ title: 'a', objective: 'b', state: 'draft' }, context());
    space.write(writes, ADA, 1);
    const mission = (await space.get(missions, id)) as Mission;
    expect(editMission(mission, { title: 'a', trigger: { kind: 'manual' }, concept: 'c' })[0]?.set).toEqual({
      concept: 'c',
    });
    expect(editMission(mission, { title: 'a' })).toEqual([]);
    for (const [writesOf, state] of [
      [resumeMission, 'active'],
      [pauseMission, 'paused'],
      [archiveMission, 'archived'],
    ] as const) {
      space.write(accepted(writesOf(id)), ADA, 2);
      expect((await space.get(missions, id))?.state).toBe(state);
    }
    space.write(deleteMission(id), ADA, 3);
    expect((await space.get(missions, id))?.deleted).toBe(true);
    space.write(restoreMission(id), ADA, 4);
    expect((await space.get(missions, id))?.deleted).toBe(false);
  });

  it('run now and feedback are rows of their own', () => {
    expect(accepted(runNow(MISSION_ID, { newId: () => derivedId('r'), nowMs: () => 7 }))).toMatchObject([
      { table: runRequests.name, set: { kind: 'run', missionId: MISSION_ID, requestedAt: 7 } },
    ]);
    expect(accepted(giveFeedback({ missionId: MISSION_ID, body: ' ok ' }, context()))).toMatchObject([
      { set: { body: 'ok', kind: 'note' } },
    ]);
    expect(giveFeedback({ missionId: MISSION_ID, body: ' ' }, context())).toEqual([]);
  });
});

describe('chat', () => {
  const options = {
    tools: toolByName,
    tables: tableByName,
    inputSources,
    rules,
    today: TODAY,
    nowMs: PLANNED_AT,
    zone: 'UTC',
  };

  async function asked(text: string) {
    const space = newDevice(DEVICE_A);
    const ids = idSource('chat');
    space.write([todoWrite('Call Bo', { due: '2026-11-18' })], ADA, 1);
    const sent = sendMessage({ conversationId: null, text }, { newId: ids, nowMs: 1000 });
    space.write(accepted(sent.writes), ADA, 1000);
    return { space, ids, ...sent };
  }

  it('a message is stored with the request to answer it; the first one opens the conversation', async () => {
    const { space, conversationId, messageId } = await asked('What should I do today?\0');
    expect(await space.get(conversations, conversationId)).toMatchObject({ title: 'What should I do today?' });
    expect(messageText((await space.list(messages))[0] as never)).toBe('What should I do today?');
    expect(await space.list(runRequests)).toMatchObject([{ kind: 'answer', messageId, missionId: null }]);
  });

  it('is answered by rules, honestly, with its steps as proposals; two workers write one answer', async () => {
    const { space, conversationId, messageId } = await asked('What should I do today?');
    const chat = await resolveChat(space, messageId, options);
    if (chat === null) throw new Error('nothing to answer');
    expect(chat.talk).toEqual([{ role: 'user', text: 'What should I do today?' }]);
    const draft = answerByRules(chat, null);
    expect(draft.answer).toContain('by rules alone');
    const plan = planWrites(chat.planner, {
      slot: messageId,
      source: 'server',
      draft,
      tier: 'rules',
      model: 'rules',
      startedAt: 1,
      finishedAt: 2,
    });
    const writes = accepted(answerWrites(chat, draft, plan, 2000));
    expect(writes.map((write) => write.table)).toEqual([iterations.name, steps.name, messages.name, messages.name]);
    expect(writes[2]?.id).toBe(answerIdOf(messageId));
    space.write(writes, RUNNER_ACTOR, 2000);
    const [question, answer] = inReadingOrder(await space.list(messages));
    expect(question).toMatchObject({ status: 'answered', role: 'user' });
    expect(answer?.parts[1]).toEqual({ kind: 'plan', iterationId: plan.iterationId });
    const [proposal] = await stageSteps(
      space,
      toolByName,
      plan.writes.slice(1).map((write) => write.id),
    );
    expect(proposal).toMatchObject({ missionId: conversationId, status: 'pending', targetId: todoId('Call Bo') });
    expect(await resolveChat(space, messageId, options)).toBeNull();
  });

  it('has nothing to answer when the message or its conversation is gone', async () => {
    const { space, conversationId, messageId } = await asked('x');
    expect(await resolveChat(space, derivedId('none'), options)).toBeNull();
    space.write([{ table: conversations.name, id: conversationId, deleted: true }], ADA, 2000);
    expect(await resolveChat(space, messageId, options)).toBeNull();
  });

  it('remembers the talk, and a failed answer can be asked for again', async () => {
    const { space, ids, conversationId, messageId } = await asked('one');
    const first = await resolveChat(space, messageId, options);
    if (first === null) throw new Error('nothing to answer');
    space.write(
      answerWrites(first, { summary: '', answer: 'two', steps: [], log: [] }, null, 1500),
      RUNNER_ACTOR,
      1500,
    );
    const next = sendMessage({ conversationId, text: 'three' }, { newId: ids, nowMs: 2000 });
    expect(next.writes.map((write) => write.table)).toEqual([messages.name, runRequests.name]);
    space.write(next.writes, ADA, 2000);
    expect((await resolveChat(space, next.messageId, options))?.talk.map((line) => line.text)).toEqual([
      'one',
      'two',
      'three',
    ]);
    space.write(accepted(failedAnswer(next.messageId)), RUNNER_ACTOR, 2500);
    expect((await space.get(messages, next.messageId))?.status).toBe('failed');
    space.write(accepted(askAgain({ id: next.messageId }, null, { newId: ids, nowMs: 3000 })), ADA, 3000);
    expect((await space.get(messages, next.messageId))?.status).toBe('sent');
    expect(await space.count(runRequests)).toBe(3);
  });
});

describe('the inbox', () => {
  const missionsById = async (space: ReturnType<typeof newDevice>) =>
    new Map((await space.list(missions, { withDeleted: true })).map((row) => [row.id, row]));

  async function inbox() {
    const space = newDevice(DEVICE_A);
    space.write([missionWrite(), todoWrite('Call Bo'), todoWrite('Old')], ADA, PLANNED_AT - 10);
    const plan = planOf([
      { tool: 'todo.create', args: { title: 'a' } },
      { tool: 'todo.update', args: { id: todoId('Call Bo'), due: TODAY }, expiresAt: PLANNED_AT + 500_000 },
      { tool: 'todo.delete', args: { id: todoId('Old') }, reversible: false },
      { tool: 'todo.fly', args: {}, validity: { state: 'quarantined', reason: 'there is no tool todo.fly' } },
    ]);
    space.write(plan, RUNNER_ACTOR, PLANNED_AT);
    return { space, ada: new Decider(space) };
  }

  it('is one group a plan, with a sentence, what one decision covers, and what asks alone', async () => {
    const { space, ada } = await inbox();
    const group = async () =>
      groupProposals(await ada.proposals(1, 2, 3, 4), {
        iterations: new Map(),
        missions: await missionsById(space),
        nowMs: ada.nowMs,
      });
    const [only] = await group();
    expect(only).toMatchObject({
      iterationId: ITERATION_ID,
      sentence: '3 changes: 1 create, 1 edit, 1 delete',
      expiresAt: PLANNED_AT + 500_000,
    });
    expect(only?.approvable.map((one) => one.n)).toEqual([1, 2]);
    expect(only?.alone.map(({ proposal, reason }) => [proposal.n, reason])).toEqual([[3, 'cannot be undone']]);
    expect(only?.quarantined.map((one) => one.quarantine)).toEqual(['there is no tool todo.fly']);
    const [a, b] = await ada.proposals(1, 2);
    ada.write([reject(a as never, {}, ada.context), snooze(b as never, ada.nowMs + 5, ada.context)]);
    expect((await group())[0]?.proposals.map((one) => one.n)).toEqual([3]);
    ada.nowMs += 600_000;
    expect(viewOf((await ada.proposals(2))[0] as never, ada.nowMs)).toBe('expired');
    space.write(deleteMission(MISSION_ID), ADA, ada.nowMs);
    expect(await group()).toEqual([]);
  });

  it('leaves out what a later plan of the mission proposes anew', async () => {
    const { space, ada } = await inbox();
    const later = derivedId('later iteration');
    space.write(
      planOf([{ tool: 'todo.update', args: { id: todoId('Call Bo'), due: '2026-11-21' } }], later, 'later'),
      RUNNER_ACTOR,
      PLANNED_AT + 5,
    );
    space.write([put(iterations, later, { finishedAt: PLANNED_AT + 5 })], RUNNER_ACTOR, PLANNED_AT + 6);
    const all = [...(await ada.proposals(1, 2, 3)), ...(await stageSteps(space, toolByName, [derivedId(later, 1)]))];
    expect([...supersededIds(all)]).toEqual([all[1]?.id]);
    const groups = groupProposals(all, { iterations: new Map(), missions: new Map(), nowMs: ada.nowMs });
    expect(groups.map((group) => [group.iterationId, group.proposals.map((one) => one.n)])).toEqual([
      [later, [1]],
      [ITERATION_ID, [1, 3]],
    ]);
  });
});
