import type { Suggestion } from '@manara/local-db/svelte/suggestions';
import { tableByName, toolByName } from '@manara/modules/registry';
import { applyContext, checkStep } from '@manara/shared-ai/execute';
import { type Proposal, supersededIds, viewOf } from '@manara/shared-ai/proposal';
import { leftByPlan, loadSettlement, type Settlement } from '@manara/shared-ai/settlement';
import type { RowReader } from '@manara/sync-core/reader';
import { changedSince } from './changed-since.ts';

export interface SuggestionMoment {
  readonly nowMs: number;
  /** `YYYY-MM-DD` */
  readonly today: string;
  readonly clientId: string;
}

const neverDrawn = (): string => {
  throw new Error('looking at proposals draws no id');
};

/** Undecided proposals, with what their tools would do to the rows as they are. */
export interface Undecided {
  readonly proposals: ReadonlyMap<string, Proposal>;
  readonly suggestions: readonly Suggestion[];
}

export const NOTHING_UNDECIDED: Undecided = { proposals: new Map(), suggestions: [] };

/** What a person can decide, now or when it is woken: {@link decidable} tells which. */
export async function readUndecided(
  reader: RowReader,
  pending: readonly Proposal[],
  moment: SuggestionMoment,
): Promise<Undecided> {
  const superseded = supersededIds(pending);
  const open = pending.filter((one) => viewOf(one, moment.nowMs) !== 'expired' && !superseded.has(one.id));
  const suggestions = await describeProposals(reader, open, moment);
  return { proposals: new Map(open.map((one) => [one.stepId, one])), suggestions };
}

/** Those that can be decided at this moment: time passes without a change in the database. */
export const decidable = ({ proposals, suggestions }: Undecided, nowMs: number): readonly Suggestion[] =>
  suggestions.filter(({ stepId }) => {
    const proposal = proposals.get(stepId);
    return proposal !== undefined && viewOf(proposal, nowMs) === 'pending';
  });

/** What these would do, whether or not they can be decided now. */
export async function describeProposals(
  reader: RowReader,
  proposals: readonly Proposal[],
  moment: SuggestionMoment,
): Promise<readonly Suggestion[]> {
  if (proposals.length === 0) return [];
  const settlement = await loadSettlement(reader, proposals, {
    ...moment,
    tools: toolByName,
    tables: tableByName,
    newId: neverDrawn,
  });
  const left = leftByPlan(settlement, proposals);
  const inOrder = [...proposals].sort((a, b) => b.plannedAt - a.plannedAt || a.n - b.n);
  return inOrder.flatMap((proposal) => {
    const suggestion = suggestionOf(proposal, left.get(proposal.stepId)?.reason ?? null, settlement);
    return suggestion === null ? [] : [suggestion];
  });
}

/** null: nothing can be drawn of it (its tool or its arguments are not known here); the inbox tells about it. */
function suggestionOf(proposal: Proposal, asksAlone: string | null, settlement: Settlement): Suggestion | null {
  const mission = settlement.missions.get(proposal.missionId);
  const tool = settlement.tools.get(proposal.tool);
  if (mission?.deleted || tool === undefined) return null;
  const checked = checkStep(proposal, settlement);
  const { world } = settlement;
  try {
    const args = checked.ok ? checked.value.args : proposal.args;
    const stale = checked.ok || checked.error.code === 'depends' ? null : checked.error.reason;
    const ghost = tool.preview(args, world, applyContext(proposal.stepId));
    return {
      stepId: proposal.stepId,
      iterationId: proposal.iterationId,
      missionId: proposal.missionId,
      missionTitle: mission?.title || 'Chat',
      summary: tool.summarize(args, world),
      why: proposal.rationale,
      ghost,
      card: tool.describe(args, world),
      editable: tool.form.length > 0,
      asksAlone,
      stale,
      changedSince: stale === null ? changedSince(proposal, ghost, world) : [],
    };
  } catch {
    // A tool that throws on these arguments has nothing to show in place.
    return null;
  }
}
