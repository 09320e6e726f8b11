import { hashJson } from '@manara/kernel/hash';
import type { JsonObject } from '@manara/kernel/json';
import type { TableDef } from '@manara/sync-core/define-table';
import type { RowReader } from '@manara/sync-core/reader';
import type { Write } from '@manara/sync-core/write';
import * as z from 'zod/mini';
import { overwrittenFields } from './basis.ts';
import { type DecideContext, decisionWrite } from './decide.ts';
import { executionIdOf, stepIdOf } from './derived-ids.ts';
import { type Checked, checkStep, type ExecuteContext, executeStep, issueInWords, type Refusal } from './execute.ts';
import { askAlone, type Proposal } from './proposal.ts';
import { stageSteps } from './stage.ts';
import { type Mission, missions } from './tables/missions.ts';
import { executions, policies } from './tables/plans.ts';
import type { Tool } from './tool.ts';
import { afterWrites, loadWorld } from './world.ts';

/** The most policies of a space. */
const POLICIES_MAX = 1000;

export interface SettlementContext extends DecideContext {
  readonly tools: ReadonlyMap<string, Tool>;
  readonly tables: ReadonlyMap<string, TableDef>;
  /** the person's day, `YYYY-MM-DD` in their zone */
  readonly today: string;
}

/** Everything that deciding some proposals needs, read at one moment. Plain data and pure functions from here on. */
export interface Settlement extends ExecuteContext, Omit<DecideContext, 'nowMs' | 'clientId'> {
  /** the proposals as the rows say now, by step; what the person saw may be older */
  readonly current: ReadonlyMap<string, Proposal>;
}

/** Reads what deciding these proposals needs: their rows anew, what their tools look at, missions, policies, dependencies. */
export async function loadSettlement(
  reader: RowReader,
  seen: readonly Proposal[],
  context: SettlementContext,
): Promise<Settlement> {
  const staged = await stageSteps(
    reader,
    context.tools,
    seen.map((proposal) => proposal.stepId),
  );
  const tablesToLoad = new Set<TableDef>();
  const refs: { readonly table: TableDef; readonly id: string }[] = [];
  for (const proposal of staged) {
    const tool = context.tools.get(proposal.tool);
    for (const table of tool?.reads ?? []) tablesToLoad.add(table);
    // The person may be about to decide on edited arguments: those of both are loaded.
    for (const args of [proposal.args, seen.find((one) => one.stepId === proposal.stepId)?.args ?? proposal.args]) {
      const parsed = tool === undefined ? undefined : z.safeParse(tool.input, args);
      if (tool !== undefined && parsed?.success) refs.push(...tool.refs(parsed.data));
    }
    for (const { table, id } of proposal.basis) {
      const basisTable = context.tables.get(table);
      if (basisTable !== undefined) refs.push({ table: basisTable, id });
    }
  }
  const world = await loadWorld(reader, { tables: tablesToLoad, refs, today: context.today, nowMs: context.nowMs });
  const missionsById = new Map<string, Mission>();
  for (const id of new Set(staged.map((proposal) => proposal.missionId))) {
    const mission = await reader.get(missions, id);
    if (mission !== undefined) missionsById.set(id, mission);
  }
  const doneSteps = new Set<string>();
  for (const stepId of new Set(staged.flatMap((one) => one.dependsOn.map((n) => stepIdOf(one.iterationId, n))))) {
    if ((await reader.get(executions, executionIdOf(stepId)))?.status === 'done') doneSteps.add(stepId);
  }
  return {
    world,
    tools: context.tools,
    tables: context.tables,
    missions: missionsById,
    policies: await reader.list(policies, { limit: POLICIES_MAX }),
    doneSteps,
    clientId: context.clientId,
    nowMs: context.nowMs,
    newId: context.newId,
    current: new Map(staged.map((proposal) => [proposal.stepId, proposal])),
  };
}

export interface Settled {
  /** one op group a step, in order: call the write door once for each */
  readonly groups: readonly (readonly Write[])[];
  readonly executed: readonly string[];
  /** ran and failed: shown, can be tried again */
  readonly failed: readonly string[];
  /** untouched, with the reason */
  readonly left: readonly Refusal[];
}

/** How a step comes to run: by a decision now, by one taken before, by a policy, or once more after it failed. */
type Way = 'approve' | 'approved' | 'auto' | 'retry';

const wanted: Record<Way, Proposal['status']> = {
  approve: 'pending',
  approved: 'approved',
  auto: 'pending',
  retry: 'failed',
};

function refusalByStatus(seen: Proposal, current: Proposal | undefined, way: Way): Refusal | null {
  const refuse = (code: Refusal['code'], reason: string): Refusal => ({ stepId: seen.stepId, code, reason });
  if (current === undefined) return refuse('lapsed', 'its step is no longer here');
  if (current.status === 'quarantined') return refuse('quarantined', current.quarantine ?? 'it was put aside');
  if (current.status === 'lapsed') return refuse('lapsed', 'another plan stands for the same time');
  if (current.status !== wanted[way]) return refuse('decided', `it is ${current.status} already`);
  if (current.argsHash !== seen.argsHash) return refuse('changed', 'its details changed since you looked');
  return null;
}

/** Plan order: by iteration, then by place, so that what a step needs runs before it. */
const inPlanOrder = (a: Proposal, b: Proposal): number =>
  a.plannedAt - b.plannedAt || (a.iterationId < b.iterationId ? -1 : a.iterationId > b.iterationId ? 1 : a.n - b.n);

/** `its due day changed since it was planned`: it would put its value over one that someone wrote later. */
function whyItOverwrites(proposal: Proposal, { tools, tables, world }: Settlement): string | null {
  const tool = tools.get(proposal.tool);
  const fields = tool === undefined ? [] : overwrittenFields(proposal, tool, world, tables);
  if (fields.length === 0) return null;
  const told = tool?.form.filter(({ name }) => fields.includes(name)) ?? [];
  const labels = told.map(({ label, kind }) => `${label.toLowerCase()}${kind === 'day' ? ' day' : ''}`);
  return `its ${labels.join(' and ') || 'record'} changed since it was planned`;
}

/**
 * Why a step does not run by itself now, or null. A pause holds back what nobody decides on; what a person approves runs
 * all the same.
 */
function whyItAsks(proposal: Proposal, { policy }: Checked, context: Settlement): string | null {
  if (policy.decision !== 'auto') return policy.because;
  const state = context.missions.get(proposal.missionId)?.state;
  if (state === 'active') return whyItOverwrites(proposal, context);
  return state === 'paused' ? 'its mission is paused' : 'its mission is not active';
}

function settle(settlement: Settlement, seen: readonly Proposal[], way: Way): Settled {
  const groups: Write[][] = [];
  const executed: string[] = [];
  const failed: string[] = [];
  const left: Refusal[] = [];
  let context: Settlement = settlement;
  for (const one of [...seen].sort(inPlanOrder)) {
    const current = settlement.current.get(one.stepId);
    const refusal = refusalByStatus(one, current, way);
    if (refusal !== null || current === undefined) {
      if (refusal !== null) left.push(refusal);
      continue;
    }
    const checked = checkStep(current, context);
    const asks = checked.ok && way === 'auto' ? whyItAsks(current, checked.value, context) : null;
    if (!checked.ok) left.push(checked.error);
    else if (asks !== null) left.push({ stepId: one.stepId, code: 'asks_alone', reason: asks });
    else {
      const outcome = executeStep(current, checked.value, context, way === 'retry');
      if (!outcome.ok) {
        left.push(outcome.error);
        continue;
      }
      const decision = way === 'approve' ? [decisionWrite(current, 'approve', context)] : [];
      groups.push([...decision, ...outcome.value.writes]);
      (outcome.value.status === 'done' ? executed : failed).push(one.stepId);
      if (outcome.value.status === 'done') {
        context = {
          ...context,
          world: afterWrites(context.world, outcome.value.effects, context.tables),
          doneSteps: new Set([...context.doneSteps, one.stepId]),
        };
      }
    }
  }
  return { groups, executed, failed, left };
}

/** Approves exactly these proposals, as the person saw them, and runs them. What cannot run is left as it is. */
export const approve = (settlement: Settlement, seen: readonly Proposal[]): Settled =>
  settle(settlement, seen, 'approve');

/**
 * What approve-all leaves of these, by step, with the reason: what asks alone, what cannot run, what needs one of those, and
 * what would overwrite a newer edit. The count on its button is of the others.
 */
export function leftByPlan(settlement: Settlement, seen: readonly Proposal[]): ReadonlyMap<string, Refusal> {
  const left = new Map<string, Refusal>();
  const covered = new Set(settlement.doneSteps);
  for (const one of [...seen].sort(inPlanOrder)) {
    const current = settlement.current.get(one.stepId);
    const refusal =
      refusalByStatus(one, current, 'approve') ?? (current && refusalByPlan(current, covered, settlement)) ?? null;
    if (refusal === null) covered.add(one.stepId);
    else left.set(one.stepId, refusal);
  }
  return left;
}

function refusalByPlan(proposal: Proposal, covered: ReadonlySet<string>, settlement: Settlement): Refusal | null {
  const checked = checkStep(proposal, settlement);
  const faulty = checked.ok || checked.error.code === 'depends' ? null : checked.error;
  const alone = askAlone(proposal) ?? (faulty === null ? whyItOverwrites(proposal, settlement) : null);
  if (alone !== null) return { stepId: proposal.stepId, code: 'asks_alone', reason: alone };
  // What it needs runs before it, if that is covered.
  const needs = proposal.dependsOn.map((n) => stepIdOf(proposal.iterationId, n));
  return checked.ok || (faulty === null && needs.every((stepId) => covered.has(stepId))) ? null : checked.error;
}

/** Approve-all: what is not covered stays and is counted in `left`. */
export function approvePlan(settlement: Settlement, seen: readonly Proposal[]): Settled {
  const left = leftByPlan(settlement, seen);
  const settled = approve(
    settlement,
    seen.filter((proposal) => !left.has(proposal.stepId)),
  );
  return { ...settled, left: [...left.values(), ...settled.left] };
}

/** Runs what was approved elsewhere and not run yet, such as by a client that only decides. */
export const executeApproved = (settlement: Settlement, seen: readonly Proposal[]): Settled =>
  settle(settlement, seen, 'approved');

/** Runs what a policy lets run by itself; everything else is left. */
export const executeAuto = (settlement: Settlement, seen: readonly Proposal[]): Settled =>
  settle(settlement, seen, 'auto');

/** Runs again what failed. */
export const retry = (settlement: Settlement, seen: readonly Proposal[]): Settled => settle(settlement, seen, 'retry');

/**
 * Replaces a proposal's arguments by the person's and leaves it open. Ids that the new arguments name must be loaded:
 * pass the proposal with the new `args` to {@link loadSettlement} to have them.
 */
export function edit(settlement: Settlement, seen: Proposal, args: JsonObject): Settled {
  const none = { groups: [], executed: [], failed: [] };
  const current = settlement.current.get(seen.stepId);
  const refusal = refusalByStatus(seen, current, 'approve');
  if (refusal !== null || current === undefined) return { ...none, left: refusal === null ? [] : [refusal] };
  const edited = withArgs(settlement, current, args);
  if ('code' in edited) return { ...none, left: [edited] };
  return { ...none, groups: [[decisionWrite(current, 'edit', settlement, { args: edited.args })]], left: [] };
}

/** Edits and approves in one op group: the decision of the edit, that of the approval, and the effect. */
export function editAndApprove(settlement: Settlement, seen: Proposal, args: JsonObject): Settled {
  const current = settlement.current.get(seen.stepId);
  if (current !== undefined && hashJson(args) === current.argsHash) return approve(settlement, [seen]);
  const editing = edit(settlement, seen, args);
  const decision = editing.groups[0];
  if (decision === undefined || current === undefined) return editing;
  const next = withArgs(settlement, current, args);
  if ('code' in next) return { ...editing, groups: [], left: [next] };
  const settled = approve({ ...settlement, current: new Map([...settlement.current, [seen.stepId, next]]) }, [next]);
  const group = settled.groups[0];
  return group === undefined ? settled : { ...settled, groups: [[...decision, ...group]] };
}

function withArgs(settlement: Settlement, current: Proposal, args: JsonObject): Proposal | Refusal {
  const tool = settlement.tools.get(current.tool);
  if (tool === undefined)
    return { stepId: current.stepId, code: 'unknown_tool', reason: `this version does not know ${current.tool}` };
  const parsed = z.safeParse(tool.input, args);
  if (!parsed.success) return { stepId: current.stepId, code: 'bad_args', reason: issueInWords(parsed.error) };
  const target = tool.target(parsed.data);
  // A person edits what is proposed, not which record it is about: that would be another proposal.
  if (target.id !== current.targetId)
    return { stepId: current.stepId, code: 'bad_args', reason: 'it is about another record' };
  return { ...current, args: parsed.data, argsHash: hashJson(parsed.data), edited: true };
}
