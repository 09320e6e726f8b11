import type { LocalDb } from '@manara/local-db/open-local-db';
import { inputSourceByTable, modules } from '@manara/modules/registry';
import { type Mission, missions } from '@manara/shared-ai/tables/missions';
import {
  type Decision,
  decisions,
  type Execution,
  executions,
  type Iteration,
  iterations,
  type Step,
  steps,
} from '@manara/shared-ai/tables/plans';
import type { Actor } from '@manara/sync-core/actor';
import type { AnyRow, TableDef } from '@manara/sync-core/define-table';
import { type Cells, DELETED } from '@manara/sync-core/record';
import { outcomeWords, plannedByWords } from '#lib/missions/run-words.ts';

/** Rows of one kind that are looked at; older ones are one "show more" away. */
export const ACTIVITY_PAGE = 50;

export type ActivityKind = 'ai' | 'decision' | 'run' | 'person';

export interface Activity {
  readonly id: string;
  readonly kind: ActivityKind;
  /** ms since 1970 */
  readonly at: number;
  readonly actor: string;
  readonly what: string;
  readonly reason: string;
  readonly href: string | null;
  readonly missionId: string | null;
  readonly iterationId: string | null;
  /** what Undo takes back; null: there is nothing to undo */
  readonly execution: Execution | null;
  readonly state: 'done' | 'undone' | 'failed' | 'contested' | null;
}

/** Several changes that are taken back at once. */
export interface UndoScope {
  readonly by: 'iterationId' | 'missionId';
  readonly id: string;
  /** of what, in words */
  readonly of: string;
}

/** What a run's line offers to take back beside the lines of its single changes: its plan, and all that its mission did. */
export function undoScopes(one: Activity, all: readonly Activity[]): readonly UndoScope[] {
  const { kind, iterationId, missionId } = one;
  if (kind !== 'run' || iterationId === null || missionId === null) return [];
  const ofMission = all.filter((other) => other.missionId === missionId && other.execution !== null).length;
  const ofPlan = all.filter((other) => other.iterationId === iterationId && other.execution !== null).length;
  return [
    ...(ofPlan > 1 ? [{ by: 'iterationId', id: iterationId, of: 'this plan' } as const] : []),
    ...(ofMission > Math.max(ofPlan, 1) ? [{ by: 'missionId', id: missionId, of: `“${one.actor}”` } as const] : []),
  ];
}

/** What happened last, latest first: runs, decisions, what was carried out, and the person's own latest changes. */
export async function readActivity(db: LocalDb, limit: number): Promise<readonly Activity[]> {
  const { reader } = db;
  const [ran, planned, decided, missionRows, own] = await Promise.all([
    reader.list(executions, { by: 'executedAt', reverse: true, limit }),
    reader.list(iterations, { by: 'finishedAt', reverse: true, limit }),
    reader.list(decisions, { by: 'decidedAt', reverse: true, limit }),
    reader.list(missions, { withDeleted: true }),
    ownChanges(db, limit),
  ]);
  const missionById = new Map(missionRows.map((mission) => [mission.id, mission]));
  const stepIds = [...new Set([...ran, ...decided].map((row) => row.stepId))];
  const found = await Promise.all(stepIds.map((id) => reader.get(steps, id)));
  const stepById = new Map(found.flatMap((step) => (step ? [[step.id, step] as const] : [])));
  const proposals = await db.proposals({ by: 'stepId', anyOf: ran.map((execution) => execution.stepId) });
  const contested = new Set(proposals.filter((one) => one.contested).map((one) => one.stepId));
  const all = [
    ...ran.map((execution) => ({
      ...ofExecution(execution, stepById.get(execution.stepId), missionById),
      ...(contested.has(execution.stepId) ? { state: 'contested' as const } : {}),
    })),
    ...planned.map((iteration) => ofIteration(iteration, missionById)),
    ...decided.flatMap((decision) => ofDecision(decision, stepById.get(decision.stepId), missionById)),
    ...own,
  ];
  return all.sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1)).slice(0, limit);
}

const missionName = (missionById: ReadonlyMap<string, Mission>, id: string): string =>
  missionById.get(id)?.title || 'Chat';

function ofExecution(
  execution: Execution,
  step: Step | undefined,
  missionById: ReadonlyMap<string, Mission>,
): Activity {
  return {
    id: execution.id,
    kind: 'ai',
    at: execution.executedAt,
    actor: missionName(missionById, execution.missionId),
    what: step?.summary || 'A change',
    reason: execution.error ?? step?.rationale ?? '',
    href: `/missions/${execution.missionId}`,
    missionId: execution.missionId,
    iterationId: execution.iterationId,
    execution: execution.status === 'done' ? execution : null,
    state: execution.status,
  };
}

function ofIteration(iteration: Iteration, missionById: ReadonlyMap<string, Mission>): Activity {
  return {
    id: iteration.id,
    kind: 'run',
    at: iteration.finishedAt,
    actor: missionName(missionById, iteration.missionId),
    what: iteration.summary || outcomeWords(iteration),
    reason: iteration.error ?? plannedByWords(iteration),
    href: `/missions/${iteration.missionId}`,
    missionId: iteration.missionId,
    iterationId: iteration.id,
    execution: null,
    state: iteration.outcome === 'failed' ? 'failed' : null,
  };
}

/** Approvals show as what they did; the others are told by themselves. */
function ofDecision(decision: Decision, step: Step | undefined, missionById: ReadonlyMap<string, Mission>): Activity[] {
  const verbs: Record<Decision['verb'], string | null> = {
    approve: null,
    reject: 'Rejected',
    edit: 'Edited',
    snooze: 'Snoozed',
    undo: null,
  };
  const woken = decision.verb === 'snooze' && (decision.until ?? 0) <= decision.decidedAt;
  const verb = woken ? 'Brought back' : verbs[decision.verb];
  if (verb === null) return [];
  return [
    {
      id: decision.id,
      kind: 'decision',
      at: decision.decidedAt,
      actor: 'You',
      what: `${verb}: ${step?.summary ?? 'a suggestion'}`,
      reason:
        decision.feedback ||
        (decision.reasonCode ?? '').replaceAll('-', ' ') ||
        `of ${missionName(missionById, decision.missionId)}`,
      href: `/missions/${decision.missionId}`,
      missionId: decision.missionId,
      iterationId: decision.iterationId,
      execution: null,
      state: null,
    },
  ];
}

/** The last change of each record that a person made. Missions and modules; what the AI did shows as its execution. */
async function ownChanges(db: LocalDb, limit: number): Promise<Activity[]> {
  const sources: readonly { table: TableDef; module: string }[] = [
    { table: missions, module: 'missions' },
    ...modules.flatMap((module) => module.tables.map((table) => ({ table, module: module.name }))),
  ];
  const rows = await Promise.all(
    sources.map(async ({ table, module }) =>
      ((await db.reader.list(table, { withDeleted: true })) as unknown as AnyRow[]).map((row) => ({
        row,
        table,
        module,
      })),
    ),
  );
  const latest = rows
    .flat()
    .sort((a, b) => b.row.touchedMs - a.row.touchedMs)
    .slice(0, limit);
  const activities = await Promise.all(
    latest.map(async ({ row, table, module }) => {
      const cells = await db.cells(table.name, row.id);
      const last = cells && lastWrite(cells);
      return last && last.actor.kind === 'user' ? [ofRow(row, table, module, last)] : [];
    }),
  );
  return activities.flat();
}

interface LastWrite {
  readonly actor: Actor;
  readonly created: boolean;
  readonly deleted: boolean | null;
}

function lastWrite(cells: Cells): LastWrite | undefined {
  const entries = Object.entries(cells);
  const greatest = entries.reduce<(typeof entries)[number] | undefined>(
    (best, entry) => (best === undefined || entry[1].stamp > best[1].stamp ? entry : best),
    undefined,
  );
  const actor = greatest?.[1].actor;
  if (greatest === undefined || actor === undefined) return undefined;
  const deletedCell = cells[DELETED];
  const isDelete = deletedCell !== undefined && deletedCell.stamp === greatest[1].stamp;
  const [first = ''] = entries.map(([, cell]) => cell.stamp).sort();
  return {
    actor,
    // Written in one go: milliseconds of the first and of the last cell are the same.
    created: first.slice(0, 12) === greatest[1].stamp.slice(0, 12),
    deleted: isDelete && deletedCell.value === true ? true : null,
  };
}

function ofRow(row: AnyRow, table: TableDef, module: string, last: LastWrite): Activity {
  const name = inputSourceByTable.get(table.name)?.title(row) || String(row.title ?? '') || 'untitled';
  const verb = row.deleted ? 'Deleted' : last.created ? 'Added' : 'Changed';
  const href = row.deleted
    ? null
    : table.name === 'notes'
      ? `/notes/${row.id}`
      : table.name === 'missions'
        ? `/missions/${row.id}`
        : table.name === 'todos'
          ? `/todo?open=${row.id}`
          : `/${module}`;
  return {
    id: `${table.name}|${row.id}`,
    kind: 'person',
    at: row.touchedMs,
    actor: last.actor.name,
    what: `${verb} “${name}”`,
    reason: last.actor.reason ?? '',
    href,
    missionId: null,
    iterationId: null,
    execution: null,
    state: null,
  };
}
