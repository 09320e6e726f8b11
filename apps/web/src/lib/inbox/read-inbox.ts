import type { LocalDb } from '@manara/local-db/open-local-db';
import type { Suggestion } from '@manara/local-db/svelte/suggestions';
import { isExpired, type Proposal, supersededIds, viewOf } from '@manara/shared-ai/proposal';
import { type Mission, missions } from '@manara/shared-ai/tables/missions';
import { executions, type Iteration, iterations } from '@manara/shared-ai/tables/plans';
import type { RowReader } from '@manara/sync-core/reader';
import { describeProposals, type SuggestionMoment } from '#lib/suggestions/read-suggestions.ts';

/** The newest that can be decided, and the newest that failed; a person decides long before there are this many. */
const PROPOSALS_MAX = 500;
/** How far back a contested step is looked for: longer ago, and it has been lived with. */
const CONTESTED_WITHIN_MS = 7 * 86_400_000;
const EXECUTIONS_MAX = 500;

export interface Inbox {
  /** open or snoozed, and the quarantined ones beside them */
  readonly proposals: readonly Proposal[];
  /** what the snoozed ones show when they wake: time passes without a change that would read them then */
  readonly snoozed: readonly Suggestion[];
  readonly failed: readonly Proposal[];
  /** approved by a client that does not carry out what it decides, and carried out by none since */
  readonly approved: readonly Proposal[];
  /** carried out on one device although another had rejected it */
  readonly contested: readonly Proposal[];
  readonly iterations: ReadonlyMap<string, Iteration>;
  readonly missions: ReadonlyMap<string, Mission>;
}

export async function readInbox(db: LocalDb, moment: SuggestionMoment): Promise<Inbox> {
  const [pending, failed, decided, ran] = await Promise.all([
    db.proposals({ by: 'status', equals: 'pending' }),
    db.proposals({ by: 'status', equals: 'failed' }),
    db.proposals({ by: 'status', equals: 'approved' }),
    db.reader.list(executions, {
      by: 'executedAt',
      from: moment.nowMs - CONTESTED_WITHIN_MS,
      reverse: true,
      limit: EXECUTIONS_MAX,
    }),
  ]);
  const superseded = supersededIds(pending);
  // Nobody decides on what has expired, and it stays in the table for ever: it must not take the places of what is open.
  const open = newest(pending.filter((one) => viewOf(one, moment.nowMs) !== 'expired' && !superseded.has(one.id)));
  const planIds = [...new Set(open.map((one) => one.iterationId))];
  // What has expired cannot be carried out any more.
  const approved = decided.filter((one) => !isExpired(one, moment.nowMs));
  const missionIds = [...new Set([...open, ...approved].map((one) => one.missionId))];
  const [ofPlans, executed] = await Promise.all([
    db.proposals({ by: 'iterationId', anyOf: planIds }),
    db.proposals({ by: 'stepId', anyOf: ran.map((execution) => execution.stepId) }),
  ]);
  const missionsById = await byId(db.reader, missions, missionIds);
  const sleeping = open.filter((one) => viewOf(one, moment.nowMs) === 'snoozed');
  return {
    proposals: [...open, ...ofPlans.filter((one) => one.status === 'quarantined')],
    snoozed: await describeProposals(db.reader, sleeping, moment),
    failed: newest(failed),
    approved: newest(approved.filter((one) => missionsById.get(one.missionId)?.deleted !== true)),
    contested: newest(executed.filter((one) => one.contested)),
    iterations: await byId(db.reader, iterations, planIds),
    missions: missionsById,
  };
}

const newest = (proposals: readonly Proposal[]): readonly Proposal[] =>
  proposals.toSorted((a, b) => b.plannedAt - a.plannedAt || a.n - b.n).slice(0, PROPOSALS_MAX);

async function byId<T extends typeof iterations | typeof missions>(
  reader: RowReader,
  table: T,
  ids: readonly string[],
) {
  const rows = await Promise.all(ids.map((id) => reader.get(table, id)));
  return new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.id, row] as const])));
}
