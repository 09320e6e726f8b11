import type { LocalDb } from '@manara/local-db/open-local-db';
import { tables, toolByName } from '@manara/modules/registry';
import type { Proposal } from '@manara/shared-ai/proposal';
import { stageStep } from '@manara/shared-ai/stage';
import { missions } from '@manara/shared-ai/tables/missions';
import { executions, iterations, steps } from '@manara/shared-ai/tables/plans';
import { readRow } from '@manara/sync-core/define-table';
import { put } from '@manara/sync-core/write';
import { ada, fakeDevice, id } from '@manara/testkit/fake-device';
import { beforeEach, expect, it } from 'vitest';
import { readInbox } from './read-inbox.ts';

const NOW = 1_763_673_000_000;
const HOUR = 3_600_000;
const moment = { nowMs: NOW, today: '2025-11-20', clientId: 'aaaaaaaaaaaaaaaa' };
let db: LocalDb;
beforeEach(async () => {
  db = await fakeDevice().open({ tables, tools: toolByName });
});

/** A proposal of a plan by itself, as staging would leave it. */
function proposal(name: string, more: Partial<Proposal> = {}): Proposal {
  const iteration = { ...readRow(iterations, id(`plan of ${name}`), {}), finishedAt: NOW - HOUR };
  const args = { title: name };
  const step = {
    ...readRow(steps, id(name), {}),
    iterationId: iteration.id,
    missionId: id('mission'),
    n: 1,
    tool: 'todo.create',
    args,
  };
  const staged = stageStep({ step, iteration, standing: true, decisions: [], execution: undefined }, toolByName);
  return { ...staged, summary: name, ...more };
}
const store = (...all: readonly Proposal[]) => db.database.proposals.bulkPut([...all]);
const names = (proposals: readonly Proposal[]): readonly string[] => proposals.map((one) => one.summary);

it('shows the newest, however many have expired', async () => {
  const expired = Array.from({ length: 600 }, (_, n) => proposal(`old ${n}`, { expiresAt: NOW - HOUR }));
  await store(...expired, proposal('second'), proposal('first', { plannedAt: NOW }));
  expect(names((await readInbox(db, moment)).proposals)).toEqual(['first', 'second']);
});

it('caps what is open, the newest first, and keeps what was put aside beside it', async () => {
  const many = Array.from({ length: 510 }, (_, n) => proposal(`step ${n}`, { plannedAt: NOW - n }));
  const beside = proposal('beside', {
    iterationId: id('plan of step 0'),
    status: 'quarantined',
    quarantine: 'unknown',
  });
  await store(...many, beside, proposal('alone', { status: 'quarantined', quarantine: 'unknown' }));
  const { proposals } = await readInbox(db, moment);
  expect(names(proposals)).toEqual([...many.slice(0, 500).map((one) => one.summary), 'beside']);
});

it('knows what a snoozed one shows when it wakes', async () => {
  await store(proposal('Buy milk', { snoozedUntil: NOW + HOUR }));
  // Its step is read anew, as for every suggestion.
  const { iterationId, stepId } = proposal('Buy milk');
  await db.write(ada, [
    put(iterations, iterationId, { missionId: id('mission'), finishedAt: NOW - HOUR }),
    put(steps, stepId, {
      iterationId,
      missionId: id('mission'),
      n: 1,
      tool: 'todo.create',
      args: { title: 'Buy milk' },
    }),
  ]);
  await store(proposal('Buy milk', { snoozedUntil: NOW + HOUR }));
  expect((await readInbox(db, moment)).snoozed.map((one) => one.card.title)).toEqual(['Buy milk']);
});

it('finds what ran although it was rejected, for a week', async () => {
  const ran = async (name: string, executedAt: number) => {
    await db.write(ada, [put(executions, id(`exec ${name}`), { stepId: id(name), status: 'done', executedAt })]);
    await store(proposal(name, { status: 'done', contested: name !== 'wanted' }));
  };
  await ran('wanted', NOW);
  await ran('contested', NOW - HOUR);
  await ran('long ago', NOW - 200 * HOUR);
  expect(names((await readInbox(db, moment)).contested)).toEqual(['contested']);
});

it('finds what was approved and not carried out, for as long as it can be', async () => {
  await db.write(ada, [put(missions, id('gone'), {})]);
  await db.write(ada, [{ table: missions.name, id: id('gone'), deleted: true }]);
  const approved = { status: 'approved' } as const;
  await store(
    proposal('waits', approved),
    proposal('too late', { ...approved, expiresAt: NOW - HOUR }),
    proposal('of a deleted mission', { ...approved, missionId: id('gone') }),
  );
  expect(names((await readInbox(db, moment)).approved)).toEqual(['waits']);
});
