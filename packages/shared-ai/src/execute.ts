import type { JsonObject, JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import type { Actor } from '@manara/sync-core/actor';
import { FIELD_BYTES_MAX, type TableDef } from '@manara/sync-core/define-table';
import { jsonBytes } from '@manara/sync-core/value-limits';
import { put, type Write } from '@manara/sync-core/write';
import * as z from 'zod/mini';
import { recordChanges } from './change.ts';
import { cutText, oneLine } from './clean-text.ts';
import { createdIdOf, executionIdOf, stepIdOf } from './derived-ids.ts';
import { evaluatePolicy, type PolicyVerdict } from './policy.ts';
import { isExpired, type Proposal } from './proposal.ts';
import type { Mission } from './tables/missions.ts';
import { type Execution, executions, type Policy } from './tables/plans.ts';
import type { ApplyContext, Tool, World } from './tool.ts';

/** Why a step is not executed. Nothing is written then. */
export type RefusalCode =
  | 'decided'
  | 'changed'
  | 'quarantined'
  | 'lapsed'
  | 'unknown_tool'
  | 'external'
  | 'bad_args'
  | 'denied'
  | 'expired'
  | 'depends'
  | 'stale'
  | 'too_large'
  | 'asks_alone';

export interface Refusal {
  readonly stepId: string;
  readonly code: RefusalCode;
  /** one sentence for a person */
  readonly reason: string;
}

export interface ExecuteContext {
  readonly world: World;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly tables: ReadonlyMap<string, TableDef>;
  readonly missions: ReadonlyMap<string, Mission>;
  readonly policies: readonly Policy[];
  /** steps whose execution is done */
  readonly doneSteps: ReadonlySet<string>;
  readonly clientId: string;
  readonly nowMs: number;
}

/** One issue of a schema in words: `due: a day of the calendar, YYYY-MM-DD`. */
export function issueInWords(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'invalid';
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}

export const applyContext = (stepId: string): ApplyContext => ({ newId: (slot) => createdIdOf(stepId, slot) });

/** Whose hand the effect of a step is: the mission's, with everything that answers "why is this here?". */
export function executionActor(proposal: Proposal, mission: Mission | undefined): Actor {
  return {
    kind: 'ai',
    id: proposal.missionId,
    name: cutText(oneLine(mission?.title ?? ''), 100) || (mission === undefined ? 'Chat' : 'Mission'),
    missionId: proposal.missionId,
    iterationId: proposal.iterationId,
    stepId: proposal.stepId,
    executionId: executionIdOf(proposal.stepId),
    reason: cutText(proposal.rationale || proposal.summary, 500),
  };
}

/** What a tool may do now with a proposal's arguments. */
export interface Checked {
  readonly tool: Tool;
  readonly args: JsonObject;
  readonly policy: PolicyVerdict;
}

/** Everything that must hold before a step runs, but its decision. In the order in which a person would ask. */
export function checkStep(proposal: Proposal, context: ExecuteContext): Result<Checked, Refusal> {
  const refuse = (code: RefusalCode, reason: string) => err({ stepId: proposal.stepId, code, reason });
  if (proposal.quarantine !== null) return refuse('quarantined', proposal.quarantine);
  const mission = context.missions.get(proposal.missionId);
  if (mission?.deleted) return refuse('lapsed', 'its mission was deleted');
  const tool = context.tools.get(proposal.tool);
  if (tool === undefined) return refuse('unknown_tool', `this version does not know ${proposal.tool}`);
  if (tool.effect === 'external') return refuse('external', 'it acts outside Manara and runs on the server only');
  const parsed = z.safeParse(tool.input, proposal.args);
  if (!parsed.success) return refuse('bad_args', issueInWords(parsed.error));
  const args = parsed.data;
  const { missionId, tainted } = proposal;
  const policy = evaluatePolicy({ tool, args, missionId, mission, tainted, policies: context.policies });
  if (policy.decision === 'deny') return refuse('denied', policy.because);
  if (isExpired(proposal, context.nowMs)) return refuse('expired', 'it has expired');
  const waiting = proposal.dependsOn.find((n) => !context.doneSteps.has(stepIdOf(proposal.iterationId, n)));
  if (waiting !== undefined) return refuse('depends', `it needs step ${waiting} of its plan first`);
  const premise = premiseOf(tool, args, context.world);
  return premise === null ? ok({ tool, args, policy }) : refuse('stale', premise);
}

/** Why the premise is broken, or null. A tool that throws is a premise that cannot be shown to hold. */
function premiseOf(tool: Tool, args: JsonObject, world: World): string | null {
  try {
    const premise = tool.premise(args, world);
    return premise.holds ? null : premise.reason;
  } catch {
    return `${tool.name} could not look at it`;
  }
}

export interface Executed {
  /** the execution and what it did, for one op group; the caller puts the decision in front */
  readonly writes: readonly Write[];
  readonly status: Execution['status'];
  /** the world afterwards */
  readonly effects: readonly Write[];
}

/**
 * Runs a checked step: the execution's row and the module's writes, all by the mission's hand. A tool that throws makes a
 * failed execution, which can be tried again, and stops nothing else.
 * @param retry the execution is there already, failed; its `clientId` is written once and stays
 */
export function executeStep(
  proposal: Proposal,
  checked: Checked,
  context: ExecuteContext,
  retry = false,
): Result<Executed, Refusal> {
  const actor = executionActor(proposal, context.missions.get(proposal.missionId));
  const row = {
    stepId: proposal.stepId,
    missionId: proposal.missionId,
    iterationId: proposal.iterationId,
    ...(retry ? {} : { clientId: context.clientId }),
    effectiveArgs: checked.args,
    executedAt: context.nowMs,
  };
  const id = executionIdOf(proposal.stepId);
  let recorded: ReturnType<typeof recordChanges>;
  try {
    recorded = recordChanges(
      checked.tool.apply(checked.args, context.world, applyContext(proposal.stepId)),
      context.world,
      context.tables,
    );
  } catch {
    // The thrown text may hold anything: a person is told which tool failed, not what it said.
    const failed = put(executions, id, { ...row, status: 'failed', changes: [], error: `${checked.tool.name} failed` });
    return ok({ writes: [{ ...failed, actor }], status: 'failed', effects: [] });
  }
  if (jsonBytes(recorded.changes as unknown as JsonValue) > FIELD_BYTES_MAX) {
    return err({ stepId: proposal.stepId, code: 'too_large', reason: 'it changes more text than could be undone' });
  }
  const done = put(executions, id, { ...row, status: 'done', changes: [...recorded.changes], error: null });
  const effects = recorded.writes.map((write) => ({ ...write, actor }));
  return ok({ writes: [{ ...done, actor }, ...effects], status: 'done', effects });
}
