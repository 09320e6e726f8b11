import type { LocalDb } from '@manara/local-db/open-local-db';
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
import { countWords } from '@manara/ui/count/count-words';
import { outcomeWords, plannedByWords, runPath } from '#lib/missions/run-words.ts';
import type { Activity } from './activity.ts';
import { ownChanges } from './own-changes.ts';

/** Rows of one kind that are looked at; older ones are one "show more" away. */
export const ACTIVITY_PAGE = 50;

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

/**
 * What happened last, latest first: runs, decisions, what was carried out, and the person's own latest changes.
 * @param userId the account that looks: what it did is by "You"
 */
export async function readActivity(db: LocalDb, limit: number, userId: string): Promise<readonly Activity[]> {
  const { reader } = db;
  const [ran, planned, decided, missionRows, own] = await Promise.all([
    reader.list(executions, { by: 'executedAt', reverse: true, limit }),
    reader.list(iterations, { by: 'finishedAt', reverse: true, limit }),
    reader.list(decisions, { by: 'decidedAt', reverse: true, limit }),
    reader.list(missions, { withDeleted: true }),
    ownChanges(db, limit, userId),
  ]);
  const missionById = new Map(missionRows.map((mission) => [mission.id, mission]));
  const stepIds = [...new Set([...ran, ...decided].map((row) => row.stepId))];
  const found = await Promise.all(stepIds.map((id) => reader.get(steps, id)));
  const stepById = new Map(found.flatMap((step) => (step ? [[step.id, step] as const] : [])));
  const ofSteps = await reader.list(decisions, { by: 'stepId', anyOf: decided.map((row) => row.stepId) });
  const proposals = await db.proposals({ by: 'stepId', anyOf: ran.map((execution) => execution.stepId) });
  const contested = new Set(proposals.filter((one) => one.contested).map((one) => one.stepId));
  const all = [
    ...ran.map((execution) => ({
      ...ofExecution(execution, stepById.get(execution.stepId), missionById),
      ...(contested.has(execution.stepId) ? { state: 'contested' as const } : {}),
    })),
    ...planned.map((iteration) => ofIteration(iteration, missionById)),
    ...ofDecisions(decided, ofSteps, stepById, missionById),
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
    href: runPath(execution.missionId, missionById.get(execution.missionId)),
    missionId: execution.missionId,
    iterationId: execution.iterationId,
    execution: execution.status === 'done' ? execution : null,
    deleted: null,
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
    href: runPath(iteration.missionId, missionById.get(iteration.missionId)),
    missionId: iteration.missionId,
    iterationId: iteration.id,
    execution: null,
    deleted: null,
    state: iteration.outcome === 'failed' ? 'failed' : null,
  };
}

const VERBS: Readonly<Partial<Record<Decision['verb'], string>>> = {
  reject: 'Rejected',
  edit: 'Edited',
  snooze: 'Snoozed',
};

const isWoken = ({ verb, until, decidedAt }: Decision): boolean => verb === 'snooze' && (until ?? 0) <= decidedAt;
const isLater = (a: Decision, b: Decision): boolean => a.stepId === b.stepId && a.decidedAt > b.decidedAt;

/** Approvals show as what they did; the others are told by themselves, and those that took something back together. */
function ofDecisions(
  decided: readonly Decision[],
  ofSteps: readonly Decision[],
  stepById: ReadonlyMap<string, Step>,
  missionById: ReadonlyMap<string, Mission>,
): Activity[] {
  const line = (decision: Decision, what: string, reason: string, state: Activity['state']): Activity => ({
    id: decision.id,
    kind: 'decision',
    at: decision.decidedAt,
    actor: 'You',
    what,
    reason: reason || `of ${missionName(missionById, decision.missionId)}`,
    href: runPath(decision.missionId, missionById.get(decision.missionId)),
    missionId: decision.missionId,
    iterationId: decision.iterationId,
    execution: null,
    deleted: null,
    state,
  });
  const summary = ({ stepId }: Decision): string => stepById.get(stepId)?.summary || 'a suggestion';
  const told = decided.flatMap((decision) => {
    const verb = isWoken(decision) ? 'Brought back' : VERBS[decision.verb];
    if (verb === undefined) return [];
    const undone =
      decision.verb === 'reject' && ofSteps.some((other) => other.verb === 'undo' && isLater(other, decision));
    const reason = decision.feedback || (decision.reasonCode ?? '').replaceAll('-', ' ');
    return [line(decision, `${verb}: ${summary(decision)}`, reason, undone ? 'undone' : null)];
  });
  // One press takes back a plan, or all that a mission did: its decisions are of one moment.
  const presses = Map.groupBy(
    decided.filter((decision) => decision.verb === 'undo'),
    ({ decidedAt, clientId, missionId }) => `${decidedAt}|${clientId}|${missionId}`,
  );
  const undone = [...presses.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const before = ofSteps
      .filter((other) => isLater(first, other))
      .reduce<Decision | null>((last, other) => (last === null || isLater(other, last) ? other : last), null);
    const one = before?.verb === 'reject' ? `Undid the rejection: ${summary(first)}` : `Undid: ${summary(first)}`;
    return [line(first, others.length === 0 ? one : `Undid ${countWords(others.length + 1, 'change')}`, '', null)];
  });
  return [...told, ...undone];
}
