import { isJsonObject, type JsonObject, type JsonValue } from '@manara/kernel/json';
import { err, ok, type Result } from '@manara/kernel/result';
import type { AnyRow } from '@manara/sync-core/define-table';
import { jsonBytes, valueFault } from '@manara/sync-core/value-limits';
import { basisOf } from './basis.ts';
import { cutText, oneLine } from './clean-text.ts';
import { createdIdOf, stepIdOf } from './derived-ids.ts';
import { applyContext } from './execute.ts';
import { ARGS_BYTES_MAX, PROPOSAL_LIFE_MS, STEPS_MAX } from './plan-limits.ts';
import { type KnownSubjects, knownSubjects, planSubject, repetition } from './plan-subject.ts';
import { inputKey, type PlannerContext, quotableTexts, toldBefore } from './planner-context.ts';
import { evaluatePolicy } from './policy.ts';
import { repairArgs } from './repair-args.ts';
import type { Basis, Evidence, Step } from './tables/plans.ts';
import type { PlannedStep, Tool, World } from './tool.ts';
import { afterWrites } from './world.ts';

/** A step as it will be stored, without what the iteration gives it. */
export type ValidatedStep = Omit<Step, 'id' | 'deleted' | 'accepted' | 'touchedMs' | 'iterationId' | 'missionId'>;

export interface ValidatedSteps {
  readonly steps: readonly ValidatedStep[];
  /** what was dropped or mended, in words */
  readonly log: readonly string[];
}

const QUOTE_CHARS_MAX = 500;
const EVIDENCE_MAX = 5;
const BASIS_MAX = 20;
const SUMMARY_CHARS_MAX = 500;
const RATIONALE_CHARS_MAX = 2000;

/** What is known while the steps of one plan are looked at, one after the other. */
interface Progress {
  readonly context: PlannerContext;
  readonly iterationId: string;
  /** any step may follow from untrusted text: a model has read all of it at once */
  readonly taintAll: boolean;
  readonly known: KnownSubjects;
  /** with what the good steps so far would do */
  world: World;
  /** tools of the good steps so far, by number */
  readonly good: Map<number, Tool>;
  /** records that are there already, by the number of the step that would have created them */
  readonly existing: Map<number, string>;
  readonly subjects: Set<string>;
  readonly log: string[];
}

/** What is wrong with a step: put aside and shown, or dropped because it says nothing new. */
interface Fault {
  readonly kind: 'quarantine' | 'drop';
  readonly reason: string;
  /** what a dropped create would have made, where that is there already */
  readonly recordId?: string | null;
}
const quarantine = (reason: string): Result<never, Fault> => err({ kind: 'quarantine', reason });

/**
 * Looks at planned steps one by one. A bad step is put aside with its reason and shown; good ones are kept; what repeats
 * something is dropped. Numbers are places in the plan from 1, and stay when others are dropped.
 * @param byModel the model read every input at once, so untrusted text taints every step; a rule's step only cites
 */
export function validateSteps(
  planned: readonly PlannedStep[],
  context: PlannerContext,
  iterationId: string,
  byModel: boolean,
): ValidatedSteps {
  const taintAll = byModel && readsUntrusted(context);
  const progress: Progress = {
    context,
    iterationId,
    taintAll,
    known: knownSubjects(context, byModel ? 'open' : 'ever'),
    world: context.world,
    good: new Map(),
    existing: new Map(),
    subjects: new Set(),
    log: [],
  };
  if (planned.length > STEPS_MAX)
    progress.log.push(`The plan had ${planned.length} steps; the first ${STEPS_MAX} were kept.`);
  const steps: ValidatedStep[] = [];
  for (const [index, step] of planned.slice(0, STEPS_MAX).entries()) {
    const n = index + 1;
    const looked = lookAt(step, n, progress);
    if (looked.ok) steps.push(looked.value);
    else if (looked.error.kind === 'drop') {
      progress.log.push(`Step ${n} (${oneLine(step.tool)}) was left out: ${looked.error.reason}.`);
      if (looked.error.recordId != null) progress.existing.set(n, looked.error.recordId);
    } else steps.push(putAside(step, n, looked.error.reason, progress));
  }
  return { steps, log: progress.log };
}

/** Whether a model that read all this may do what someone unknown wrote: in a record, or in a plan that followed from one. */
const readsUntrusted = (context: PlannerContext): boolean =>
  context.inputs.some((input) => input.untrusted) || toldBefore(context).some((proposal) => proposal.tainted);

function lookAt(step: PlannedStep, n: number, progress: Progress): Result<ValidatedStep, Fault> {
  const { context } = progress;
  const tool = context.tools.get(step.tool);
  if (tool === undefined)
    return quarantine(step.tool === '' ? 'it names no tool' : `there is no tool ${cutText(oneLine(step.tool), 80)}`);
  if (!context.granted.includes(tool)) return quarantine(`the mission may not use ${tool.name}`);
  const raw = storable(step.args);
  if (!raw.ok) return raw;
  const resolved = resolvePlaceholders(raw.value, n, progress);
  if (!resolved.ok) return resolved;
  const repaired = repairArgs(tool, resolved.value.args);
  if (!repaired.ok) return quarantine(repaired.error);
  const { args } = repaired.value;
  const depends = dependencies([...step.dependsOn, ...resolved.value.dependsOn], n, progress);
  if (!depends.ok) return depends;
  const wrong = misfit(tool, args, progress);
  if (wrong !== null) return err(wrong);
  const evidence = checkedEvidence(step.evidence, n, progress);
  const validated: ValidatedStep = {
    n,
    tool: tool.name,
    toolVersion: tool.version,
    rawArgs: keptRaw(step.args),
    args,
    summary: safely(() => cutText(tool.summarize(args, progress.world), SUMMARY_CHARS_MAX), tool.name),
    rationale: cutText(step.rationale, RATIONALE_CHARS_MAX),
    evidence: [...evidence],
    dependsOn: [...depends.value],
    basis: [...stepBasis(tool, args, evidence, context)],
    risk: tool.risk,
    reversible: tool.reversible,
    tainted: progress.taintAll || evidence.some((one) => isUntrusted(one, context)),
    expiresAt: Math.min(step.expiresAt ?? Number.POSITIVE_INFINITY, context.nowMs + PROPOSAL_LIFE_MS),
    validity: { state: repaired.value.repaired ? 'repaired' : 'ok', reason: null },
  };
  accept(tool, args, n, progress);
  return ok(validated);
}

const isUntrusted = ({ table, id }: Evidence, { sources, tainted }: PlannerContext): boolean =>
  (sources.get(table)?.untrusted ?? true) || tainted.has(inputKey(table, id));

/** Arguments that the wire takes: not too big, no unsafe numbers, not too deep. */
function storable(args: JsonValue): Result<JsonValue, Fault> {
  if (jsonBytes(args) > ARGS_BYTES_MAX) return quarantine(`its arguments are longer than ${ARGS_BYTES_MAX} bytes`);
  const fault = valueFault(args);
  // Bad characters are cleaned away; the others cannot be meant.
  if (fault === 'unsafe_number') return quarantine('it holds a number that cannot be kept exactly');
  return fault === 'too_deep' ? quarantine('its arguments are nested too deep') : ok(args);
}

/**
 * Replaces `step:<n>` by the id of the record that step creates, or would create if it were not there already. Only whole
 * values count, at any depth.
 */
function resolvePlaceholders(
  raw: JsonValue,
  n: number,
  progress: Progress,
): Result<{ readonly args: JsonValue; readonly dependsOn: readonly number[] }, Fault> {
  const dependsOn = new Set<number>();
  let bad: string | null = null;
  const resolve = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') {
      const match = /^step:(\d{1,4})$/u.exec(value);
      if (match === null) return value;
      const other = Number(match[1]);
      const existing = progress.existing.get(other);
      if (existing !== undefined) return existing;
      const creates = progress.good.get(other)?.creates;
      if (creates === undefined || other >= n) {
        bad = `it names step ${other}, which creates nothing before it`;
        return value;
      }
      dependsOn.add(other);
      return createdIdOf(stepIdOf(progress.iterationId, other), creates.slot);
    }
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member)]));
  };
  const args = resolve(raw);
  return bad === null ? ok({ args, dependsOn: [...dependsOn] }) : quarantine(bad);
}

/** A step may need earlier ones; one that was put aside or left out takes it along, unless its record is there already. */
function dependencies(given: readonly number[], n: number, progress: Progress): Result<readonly number[], Fault> {
  const earlier = [...new Set(given)]
    .filter((one) => one >= 1 && one < n && !progress.existing.has(one))
    .sort((a, b) => a - b);
  const missing = earlier.find((one) => !progress.good.has(one));
  return missing === undefined ? ok(earlier) : quarantine(`it needs step ${missing}, which was put aside`);
}

/** What speaks against a step whose arguments are read: unknown records, a policy, a premise, a repetition. */
function misfit(tool: Tool, args: JsonObject, progress: Progress): Fault | null {
  const { context, world } = progress;
  const unknown = tool.refs(args).find((ref) => world.get(ref.table, ref.id) === undefined);
  if (unknown !== undefined) return { kind: 'quarantine', reason: `there is no such record in ${unknown.table.name}` };
  const { mission, policies } = context;
  const policy = evaluatePolicy({ tool, args, missionId: mission.id, mission, tainted: true, policies });
  if (policy.decision === 'deny') return { kind: 'quarantine', reason: policy.because };
  const subject = planSubject(tool, args);
  if (progress.subjects.has(subject)) return { kind: 'drop', reason: 'the plan says it already' };
  const repeats = repetition(tool, args, context, progress.known);
  if (repeats !== null) return { kind: 'drop', ...repeats };
  try {
    const premise = tool.premise(args, world);
    return premise.holds ? null : { kind: 'quarantine', reason: premise.reason };
  } catch {
    return { kind: 'quarantine', reason: `${tool.name} could not look at it` };
  }
}

/** Evidence counts only when the quote really stands in the record that it cites. */
function checkedEvidence(given: readonly Evidence[], n: number, progress: Progress): readonly Evidence[] {
  const { context } = progress;
  const squeeze = (text: string) => text.replace(/\s+/gu, ' ').trim().toLocaleLowerCase('en');
  const found = given.slice(0, EVIDENCE_MAX).filter(({ table, id, quote }) => {
    const def = context.tables.get(table);
    const row =
      def === undefined || !context.sources.has(table) ? undefined : (context.world.get(def, id) as AnyRow | undefined);
    const wanted = squeeze(quote);
    return row !== undefined && wanted !== '' && quotableTexts(row).some((text) => squeeze(text).includes(wanted));
  });
  if (found.length < given.length)
    progress.log.push(`Step ${n} cited something that does not stand there; that was left out.`);
  return found.map(({ table, id, quote }) => ({ table, id, quote: cutText(oneLine(quote), QUOTE_CHARS_MAX) }));
}

/** What the step rests on: the fields that it would change, and the text that it cites. */
function stepBasis(
  tool: Tool,
  args: JsonObject,
  evidence: readonly Evidence[],
  context: PlannerContext,
): readonly Basis[] {
  const fields = new Map<string, Set<string>>();
  const add = (table: string, id: string, names: Iterable<string>) => {
    const key = `${table}|${id}`;
    fields.set(key, new Set([...(fields.get(key) ?? []), ...names]));
  };
  const target = tool.target(args);
  if (target.id !== null) {
    const changed = Object.keys(args).filter((name) => Object.hasOwn(target.table.fields, name));
    add(target.table.name, target.id, changed.length > 0 ? changed : Object.keys(target.table.fields));
  }
  for (const { table, id, quote } of evidence) {
    const def = context.tables.get(table);
    const row = def === undefined ? undefined : (context.world.get(def, id) as AnyRow | undefined);
    const cited = Object.entries(row ?? {}).filter(
      ([name, value]) => Object.hasOwn(def?.fields ?? {}, name) && typeof value === 'string' && value.includes(quote),
    );
    add(
      table,
      id,
      cited.map(([name]) => name),
    );
  }
  const basis = [...fields].flatMap(([key, names]) => {
    const [table = '', id = ''] = key.split('|');
    const def = context.tables.get(table);
    const row = def === undefined ? undefined : (context.world.get(def, id) as AnyRow | undefined);
    return row === undefined ? [] : basisOf(table, row, names);
  });
  return basis.slice(0, BASIS_MAX);
}

function safely(tell: () => string, otherwise: string): string {
  try {
    return tell();
  } catch {
    return otherwise;
  }
}

/** Lets later steps of the plan see what this one would do. */
function accept(tool: Tool, args: JsonObject, n: number, progress: Progress): void {
  progress.good.set(n, tool);
  progress.subjects.add(planSubject(tool, args));
  try {
    const writes = tool.apply(args, progress.world, applyContext(stepIdOf(progress.iterationId, n)));
    progress.world = afterWrites(progress.world, writes, progress.context.tables);
  } catch {
    // It will say so when it is executed; what needs it is checked again then.
  }
}

/** What the planner wrote, or null when no space can hold it: the step must not be refused for what was cleaned out of it. */
function keptRaw(args: JsonValue): JsonValue {
  const isReserved = isJsonObject(args) && Object.keys(args).length === 1 && Object.keys(args)[0]?.startsWith('$');
  return jsonBytes(args) <= ARGS_BYTES_MAX && valueFault(args) === null && !isReserved ? args : null;
}

/** A bad step as it is kept and shown: what the planner wrote, as far as it can be stored, and why it was put aside. */
function putAside(step: PlannedStep, n: number, reason: string, progress: Progress): ValidatedStep {
  const tool = progress.context.tools.get(step.tool);
  return {
    n,
    tool: cutText(oneLine(step.tool), 200),
    toolVersion: tool?.version ?? 0,
    rawArgs: keptRaw(step.args),
    args: {},
    summary: cutText(oneLine(step.tool) || 'A step without a tool', SUMMARY_CHARS_MAX),
    rationale: cutText(step.rationale, RATIONALE_CHARS_MAX),
    evidence: [],
    dependsOn: [],
    basis: [],
    risk: tool?.risk ?? 'high',
    reversible: tool?.reversible ?? false,
    tainted: progress.taintAll,
    expiresAt: progress.context.nowMs + PROPOSAL_LIFE_MS,
    validity: { state: 'quarantined', reason: cutText(reason, 300) },
  };
}
