import { hashJson } from '@manara/kernel/hash';
import type { JsonObject } from '@manara/kernel/json';
import { oneLine } from './clean-text.ts';
import type { Status } from './fold.ts';
import type { Risk } from './tables/fields.ts';
import type { Mission } from './tables/missions.ts';
import type { Basis, Evidence, Iteration } from './tables/plans.ts';
import type { Effect } from './tool.ts';

/**
 * A step with what became of it, as plain data for one local table. Each device derives it from the synced rows
 * (stage.ts); it is never synced and never edited.
 */
export interface Proposal {
  /** derivedId(stepId) */
  readonly id: string;
  readonly stepId: string;
  readonly iterationId: string;
  readonly missionId: string;
  /** place in the plan, from 1 */
  readonly n: number;
  readonly tool: string;
  readonly toolVersion: number;
  readonly module: string;
  /** null: a tool that this version does not know */
  readonly effect: Effect | null;
  readonly targetTable: string;
  /** the record that would change; null for a create */
  readonly targetId: string | null;
  /** the arguments as they stand, and the hash that a decision must carry */
  readonly args: JsonObject;
  readonly argsHash: string;
  readonly proposedArgs: JsonObject;
  readonly edited: boolean;
  readonly summary: string;
  readonly rationale: string;
  readonly evidence: readonly Evidence[];
  readonly dependsOn: readonly number[];
  readonly basis: readonly Basis[];
  readonly risk: Risk;
  readonly reversible: boolean;
  readonly tainted: boolean;
  readonly expiresAt: number | null;
  /** why the step was put aside when it was planned */
  readonly quarantine: string | null;
  readonly status: Status;
  readonly provisional: boolean;
  readonly contested: boolean;
  readonly snoozedUntil: number | null;
  readonly reasonCode: string | null;
  readonly feedback: string;
  readonly decidedAt: number | null;
  /** null until executed */
  readonly executionId: string | null;
  readonly executedAt: number | null;
  readonly error: string | null;
  readonly plannedAt: number;
  readonly model: string;
}

/** Indexes of the local table, in Dexie's words; the key is `id`. */
export const PROPOSAL_INDEXES = [
  'stepId',
  'status',
  'iterationId',
  'missionId',
  'targetId',
  '[targetTable+status]',
  'plannedAt',
] as const;

/** What a person sees: the status, or a view of a pending one that depends on the time. */
export type ProposalView = Status | 'snoozed' | 'expired';

export const isExpired = (proposal: Pick<Proposal, 'expiresAt'>, nowMs: number): boolean =>
  proposal.expiresAt !== null && proposal.expiresAt <= nowMs;

export function viewOf(proposal: Proposal, nowMs: number): ProposalView {
  if (proposal.status !== 'pending') return proposal.status;
  if (isExpired(proposal, nowMs)) return 'expired';
  return proposal.snoozedUntil !== null && proposal.snoozedUntil > nowMs ? 'snoozed' : 'pending';
}

/** Titles that differ in case, white space or a last dot alone are one. */
export const titleKey = (title: string): string =>
  oneLine(title)
    .toLocaleLowerCase('en')
    .replace(/[.!]+$/u, '');

/** Arguments that add to a record instead of setting a field of it: each text is a suggestion of its own. */
const ADDED_ARGS: ReadonlySet<string> = new Set(['text']);

/**
 * What a step is about, the one measure of "the same suggestion": a create by its title, a change by each field that it
 * sets of its record, an addition by its text.
 */
export function subjectsOf({
  tool,
  targetTable,
  targetId,
  args,
}: Pick<Proposal, 'tool' | 'targetTable' | 'targetId' | 'args'>): readonly string[] {
  if (targetId === null) {
    const title = args['title'];
    return [`${tool}|${typeof title === 'string' ? titleKey(title) : hashJson(args)}`];
  }
  const record = `${tool}|${targetTable}|${targetId}`;
  const names = Object.keys(args)
    .filter((name) => name !== 'id')
    .sort();
  if (names.length === 0) return [record];
  return names.map((name) => `${record}|${name}${ADDED_ARGS.has(name) ? `|${hashJson(args[name] ?? null)}` : ''}`);
}

/**
 * Ids of pending proposals all of which later plans of the same mission propose anew. One that also sets a field that no
 * later one does stays: what it says of that field would be lost.
 */
export function supersededIds(proposals: readonly Proposal[]): ReadonlySet<string> {
  const newest = new Map<string, Proposal>();
  const keys = (proposal: Proposal) => subjectsOf(proposal).map((subject) => `${proposal.missionId}|${subject}`);
  const later = (a: Proposal, b: Proposal) =>
    a.plannedAt > b.plannedAt || (a.plannedAt === b.plannedAt && a.iterationId > b.iterationId);
  const pending = proposals.filter((proposal) => proposal.status === 'pending');
  for (const proposal of pending) {
    for (const key of keys(proposal)) {
      const known = newest.get(key);
      if (known === undefined || later(proposal, known)) newest.set(key, proposal);
    }
  }
  return new Set(
    pending
      .filter((proposal) => keys(proposal).every((key) => newest.get(key)?.iterationId !== proposal.iterationId))
      .map((proposal) => proposal.id),
  );
}

/** Why a proposal is never covered by one decision for the whole plan, in words, or null when it may be. */
export function askAlone(proposal: Proposal): string | null {
  if (proposal.effect === null) return 'this version does not know the tool';
  if (proposal.effect === 'external') return 'acts outside Manara';
  if (!proposal.reversible) return 'cannot be undone';
  if (proposal.risk !== 'high') return null;
  return proposal.effect === 'delete' ? 'it deletes' : 'high risk';
}

export interface PlanGroup {
  readonly iterationId: string;
  readonly iteration: Iteration | undefined;
  readonly mission: Mission | undefined;
  /** everything in the plan that is still open, in its order; then the quarantined ones */
  readonly proposals: readonly Proposal[];
  readonly quarantined: readonly Proposal[];
  /** covered by approve-all */
  readonly approvable: readonly Proposal[];
  /** ask one by one, with the reason */
  readonly alone: readonly { readonly proposal: Proposal; readonly reason: string }[];
  /** `6 changes: 4 create, 1 edit, 1 delete` */
  readonly sentence: string;
  readonly expiresAt: number | null;
  readonly plannedAt: number;
}

/** `6 changes: 4 create, 1 edit, 1 delete`; one kind alone is not listed again. */
export function changesSentence(effects: readonly (Effect | null)[]): string {
  const words: readonly (readonly [Effect, string])[] = [
    ['create', 'create'],
    ['patch', 'edit'],
    ['delete', 'delete'],
    ['external', 'outside'],
  ];
  const parts = words.flatMap(([effect, word]) => {
    const count = effects.filter((one) => one === effect).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  const unknown = effects.filter((one) => one === null).length;
  if (unknown > 0) parts.push(`${unknown} unknown`);
  const total = effects.length === 1 ? '1 change' : `${effects.length} changes`;
  return effects.length === 0 ? 'No changes' : `${total}: ${parts.join(', ')}`;
}

export interface GroupContext {
  readonly iterations: ReadonlyMap<string, Iteration>;
  /** by id, deleted ones too: their plans are not shown; one that is not there is a chat's */
  readonly missions: ReadonlyMap<string, Mission>;
  readonly nowMs: number;
  /** why a proposal is not covered by one decision for its plan, from the records as they are; else {@link askAlone} */
  readonly asksAlone?: (proposal: Proposal) => string | null;
}

/**
 * The inbox: one group per plan that has something open, the latest plan first. Snoozed, expired and superseded
 * proposals are left out; a plan with none but quarantined steps is not shown here (its mission's page shows them).
 */
export function groupProposals(proposals: readonly Proposal[], context: GroupContext): readonly PlanGroup[] {
  const superseded = supersededIds(proposals);
  const byIteration = new Map<string, Proposal[]>();
  for (const proposal of proposals) {
    const ofIteration = byIteration.get(proposal.iterationId) ?? [];
    byIteration.set(proposal.iterationId, ofIteration);
    ofIteration.push(proposal);
  }
  const groups: PlanGroup[] = [];
  for (const [iterationId, all] of byIteration) {
    const inOrder = all.sort((a, b) => a.n - b.n);
    const open = inOrder.filter(
      (proposal) => viewOf(proposal, context.nowMs) === 'pending' && !superseded.has(proposal.id),
    );
    const mission = context.missions.get(all[0]?.missionId ?? '');
    if (open.length > 0 && mission?.deleted !== true) groups.push(planGroup(iterationId, open, inOrder, context));
  }
  return groups.sort((a, b) => b.plannedAt - a.plannedAt || (a.iterationId < b.iterationId ? -1 : 1));
}

function planGroup(
  iterationId: string,
  open: readonly Proposal[],
  all: readonly Proposal[],
  context: GroupContext,
): PlanGroup {
  const { asksAlone = askAlone } = context;
  const alone = open.flatMap((proposal) => {
    const reason = asksAlone(proposal);
    return reason === null ? [] : [{ proposal, reason }];
  });
  const expiries = open.flatMap((proposal) => (proposal.expiresAt === null ? [] : [proposal.expiresAt]));
  const first = open[0];
  return {
    iterationId,
    iteration: context.iterations.get(iterationId),
    mission: first === undefined ? undefined : context.missions.get(first.missionId),
    proposals: open,
    quarantined: all.filter((proposal) => proposal.status === 'quarantined'),
    approvable: open.filter((proposal) => asksAlone(proposal) === null),
    alone,
    sentence: changesSentence(open.map((proposal) => proposal.effect)),
    expiresAt: expiries.length === 0 ? null : Math.min(...expiries),
    plannedAt: first?.plannedAt ?? 0,
  };
}
