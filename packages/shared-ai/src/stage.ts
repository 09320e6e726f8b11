import type { JsonObject } from '@manara/kernel/json';
import type { RowReader } from '@manara/sync-core/reader';
import * as z from 'zod/mini';
import { executionIdOf, proposalIdOf } from './derived-ids.ts';
import { foldStep, type StepRows, standingIteration } from './fold.ts';
import type { Proposal } from './proposal.ts';
import type { Risk } from './tables/fields.ts';
import { type Decision, decisions, executions, type Iteration, iterations, type Step, steps } from './tables/plans.ts';
import type { Tool } from './tool.ts';

/** Tables whose rows proposals are derived from. */
export const STAGED_TABLES: ReadonlySet<string> = new Set([
  steps.name,
  decisions.name,
  executions.name,
  iterations.name,
]);

/** The most steps of one mission, or decisions of one step, that staging reads. */
const STAGED_ROWS_MAX = 10_000;

const RISKS: readonly Risk[] = ['low', 'medium', 'high'];
/** A step comes over the wire; what the tool itself says counts for at least as much. */
const worse = (a: Risk, b: Risk): Risk => (RISKS.indexOf(a) >= RISKS.indexOf(b) ? a : b);

function targetOf(tool: Tool | undefined, args: JsonObject): { readonly table: string; readonly id: string | null } {
  const parsed = tool === undefined ? undefined : z.safeParse(tool.input, args);
  if (tool === undefined || !parsed?.success) return { table: '', id: null };
  const { table, id } = tool.target(parsed.data);
  return { table: table.name, id };
}

export interface StagingRows extends StepRows {
  readonly iteration: Iteration | undefined;
}

/** One step with what became of it. The same rows give the same proposal on every device. */
export function stageStep(rows: StagingRows, tools: ReadonlyMap<string, Tool>): Proposal {
  const { step, execution, iteration } = rows;
  const { decidedBy, ...folded } = foldStep(rows);
  const tool = tools.get(step.tool);
  const target = targetOf(tool, folded.args);
  return {
    id: proposalIdOf(step.id),
    stepId: step.id,
    iterationId: step.iterationId,
    missionId: step.missionId,
    n: step.n,
    tool: step.tool,
    toolVersion: step.toolVersion,
    module: tool?.module ?? step.tool.split('.')[0] ?? '',
    effect: tool?.effect ?? null,
    targetTable: target.table,
    targetId: target.id,
    ...folded,
    proposedArgs: step.args,
    summary: step.summary,
    rationale: step.rationale,
    evidence: step.evidence,
    dependsOn: step.dependsOn,
    basis: step.basis,
    risk: worse(step.risk, tool?.risk ?? 'high'),
    reversible: step.reversible && (tool?.reversible ?? false),
    tainted: step.tainted,
    expiresAt: step.expiresAt,
    quarantine:
      step.validity.state === 'quarantined' ? (step.validity.reason ?? 'put aside when it was planned') : null,
    reasonCode: decidedBy?.reasonCode ?? null,
    feedback: decidedBy?.feedback ?? '',
    decidedAt: decidedBy?.decidedAt ?? null,
    executionId: execution?.id ?? null,
    executedAt: execution?.executedAt ?? null,
    error: execution?.error ?? null,
    plannedAt: iteration?.finishedAt ?? 0,
    model: iteration?.model ?? '',
  };
}

/** Iterations that staging has read once and uses for the other steps of the plan. */
type Memo = Map<string, { readonly iteration: Iteration | undefined; readonly standing: boolean }>;

async function iterationOf(reader: RowReader, id: string, memo: Memo) {
  const known = memo.get(id);
  if (known !== undefined) return known;
  const iteration = await reader.get(iterations, id);
  let standing = true;
  if (iteration !== undefined) {
    const ofSlot = await reader.list(iterations, {
      by: '[missionId+slot]',
      equals: [iteration.missionId, iteration.slot],
      limit: 100,
    });
    standing = (standingIteration(ofSlot)?.id ?? id) === id;
  }
  const found = { iteration, standing };
  memo.set(id, found);
  return found;
}

/** Proposals of these steps, read from the rows as they are now. Steps that are not there are left out. */
export async function stageSteps(
  reader: RowReader,
  tools: ReadonlyMap<string, Tool>,
  stepIds: Iterable<string>,
): Promise<readonly Proposal[]> {
  const memo: Memo = new Map();
  const proposals: Proposal[] = [];
  for (const stepId of new Set(stepIds)) {
    const step = await reader.get(steps, stepId);
    if (step === undefined) continue;
    const { iteration, standing } = await iterationOf(reader, step.iterationId, memo);
    const ofStep: Decision[] = await reader.list(decisions, { by: 'stepId', equals: stepId, limit: STAGED_ROWS_MAX });
    const execution = await reader.get(executions, executionIdOf(stepId));
    proposals.push(stageStep({ step, iteration, standing, decisions: ofStep, execution }, tools));
  }
  return proposals;
}

/**
 * Proposals that a change of these records may have changed; the caller stores them by id in the same transaction.
 * Safe to repeat and in any order: nothing is marked, nothing is counted.
 */
export async function stageChanged(
  reader: RowReader,
  tools: ReadonlyMap<string, Tool>,
  changed: readonly { readonly table: string; readonly id: string }[],
): Promise<readonly Proposal[]> {
  const stepIds = new Set<string>();
  const addAll = (rows: readonly Step[]) => {
    for (const row of rows) stepIds.add(row.id);
  };
  const iterationIds = new Set<string>();
  for (const { table, id } of changed) {
    if (table === steps.name) stepIds.add(id);
    else if (table === decisions.name) stepIds.add((await reader.get(decisions, id))?.stepId ?? '');
    else if (table === executions.name) stepIds.add((await reader.get(executions, id))?.stepId ?? '');
    else if (table === iterations.name) {
      const iteration = await reader.get(iterations, id);
      if (iteration === undefined) continue;
      const { missionId, slot } = iteration;
      const ofSlot = await reader.list(iterations, { by: '[missionId+slot]', equals: [missionId, slot], limit: 100 });
      for (const other of ofSlot) iterationIds.add(other.id);
    }
  }
  for (const id of iterationIds)
    addAll(await reader.list(steps, { by: 'iterationId', equals: id, limit: STAGED_ROWS_MAX }));
  stepIds.delete('');
  return stageSteps(reader, tools, stepIds);
}

/**
 * Proposals of whole plans, with few reads: for a planner that looks back. Iterations that share a slot must both be given
 * for the later one to lapse.
 */
export async function stageLoaded(
  reader: RowReader,
  tools: ReadonlyMap<string, Tool>,
  plans: readonly Iteration[],
): Promise<readonly Proposal[]> {
  if (plans.length === 0) return [];
  const loaded: Step[] = await reader.list(steps, {
    by: 'iterationId',
    anyOf: plans.map((iteration) => iteration.id),
    limit: STAGED_ROWS_MAX,
  });
  const stepIds = loaded.map((step) => step.id);
  const bySteps = { by: 'stepId', anyOf: stepIds, limit: STAGED_ROWS_MAX };
  const decided: Decision[] = stepIds.length === 0 ? [] : await reader.list(decisions, bySteps);
  const executed = stepIds.length === 0 ? [] : await reader.list(executions, bySteps);
  const iterationById = new Map(plans.map((iteration) => [iteration.id, iteration]));
  return loaded.map((step) => {
    const iteration = iterationById.get(step.iterationId);
    const ofSlot = plans.filter((one) => one.missionId === iteration?.missionId && one.slot === iteration.slot);
    const execution = executed.find((one) => one.id === executionIdOf(step.id));
    const standing = standingIteration(ofSlot)?.id === step.iterationId;
    const ofStep = decided.filter((decision) => decision.stepId === step.id);
    return stageStep({ step, iteration, standing, decisions: ofStep, execution }, tools);
  });
}
