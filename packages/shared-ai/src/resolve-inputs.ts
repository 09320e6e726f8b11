import { canonicalJson } from '@manara/kernel/canonical-json';
import { hashJson } from '@manara/kernel/hash';
import { err, ok, type Result } from '@manara/kernel/result';
import type { AnyRow, TableDef } from '@manara/sync-core/define-table';
import type { RowReader } from '@manara/sync-core/reader';
import { cutText } from './clean-text.ts';
import { inAcceptedOrder } from './fold.ts';
import {
  type CreatedRecord,
  inputKey,
  type PastPlan,
  type PlannerContext,
  type PlannerInput,
} from './planner-context.ts';
import type { Proposal } from './proposal.ts';
import { stageLoaded, stageSteps } from './stage.ts';
import {
  feedback,
  type InputQuery,
  type Mission,
  type MissionInput,
  missionInputs,
  missions,
} from './tables/missions.ts';
import {
  type Change,
  decisions,
  type Execution,
  executions,
  type Iteration,
  iterations,
  policies,
  steps,
} from './tables/plans.ts';
import type { InputSource, Rule, Tool, World } from './tool.ts';
import { isCreate } from './undo.ts';
import { type RowsByTable, worldOf } from './world.ts';

export type { PlannerContext } from './planner-context.ts';

/** Bounds of what one plan reads. */
const INPUTS_MAX = 200;
const INPUT_CHARS = 8000;
const DEFAULT_INPUTS_PER_TABLE = 60;
const PAST_PLANS_MAX = 8;
const RECENT_PLANS_MAX = 20;
/** Iterations that are read to find so many plans: an hourly mission has mostly nothing to suggest. */
const ITERATIONS_READ_MAX = 400;
/** Executions that are read: of the mission, and the latest of the space. */
const EXECUTIONS_READ_MAX = 1000;
const DECISIONS_READ_MAX = 400;
const FEEDBACK_MAX = 20;

export interface ResolveOptions {
  readonly missionId: string;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly tables: ReadonlyMap<string, TableDef>;
  readonly inputSources: readonly InputSource[];
  readonly rules: readonly Rule[];
  /** the person's day, `YYYY-MM-DD` in the mission's zone */
  readonly today: string;
  readonly nowMs: number;
  readonly zone: string;
  /** whether a person asked for the plan, not a schedule */
  readonly asked: boolean;
}

/** Reads everything that planning a mission needs, once. Expected failures: a mission that is not there. */
export async function resolveInputs(
  reader: RowReader,
  options: ResolveOptions,
): Promise<Result<PlannerContext, string>> {
  const mission = await reader.get(missions, options.missionId);
  if (mission === undefined || mission.deleted) return err('the mission does not exist');
  return ok(await resolveMission(reader, mission, options));
}

/** As {@link resolveInputs}, for a mission at hand: a chat without a mission plans as one that is not stored. */
export async function resolveMission(
  reader: RowReader,
  mission: Mission,
  options: ResolveOptions,
): Promise<PlannerContext> {
  const sources = new Map(options.inputSources.map((source) => [source.table.name, source]));
  const links = (await reader.list(missionInputs, {
    by: 'missionId',
    equals: mission.id,
    limit: INPUTS_MAX,
  })) as MissionInput[];
  const rows = await loadSources(reader, options.inputSources, links);
  const world = worldOf(rows, options.today, options.nowMs);
  const chosen = links.length > 0 ? chooseLinked(links, sources, rows, world) : chooseAll(options.inputSources, world);
  const { past, known } = await readPast(reader, mission.id, options.tools);
  const done = await readExecutions(reader, mission.id);
  const tainted = await taintedRecords(reader, done, known, sources, world);
  const inputs = chosen.slice(0, INPUTS_MAX).map((one) => inputOf(one, tainted));
  const said = await reader.list(feedback, { by: 'missionId', equals: mission.id, limit: 1000 });
  const granted = [...options.tools.values()].filter(
    (tool) => mission.autonomy !== 'observe' && (mission.toolAllow === null || mission.toolAllow.includes(tool.name)),
  );
  return {
    mission,
    today: options.today,
    nowMs: options.nowMs,
    zone: options.zone,
    asked: options.asked,
    granted,
    tools: options.tools,
    tables: options.tables,
    sources,
    rules: options.rules,
    policies: await reader.list(policies, { limit: 1000 }),
    inputs,
    linked: links.length > 0 ? new Set(inputs.map((input) => inputKey(input.table.name, input.id))) : null,
    world,
    past,
    known,
    created: createdRecords(done.filter((execution) => execution.missionId === mission.id)),
    tainted,
    feedback: inAcceptedOrder(said, (row) => row.createdAt).slice(-FEEDBACK_MAX),
    inputsDigest: hashJson(inputs.map((input) => [input.table.name, input.id, hashJson(input.text)])),
  };
}

/** Rows of every input table, the newest first up to its bound, and whatever is linked. */
async function loadSources(
  reader: RowReader,
  sources: readonly InputSource[],
  links: readonly MissionInput[],
): Promise<RowsByTable> {
  const rows = new Map<string, Map<string, AnyRow>>();
  for (const { table, rowsMax } of sources) {
    // Ids that people draw rise with time, so the end of the table is what is newest.
    const listed = (await reader.list(table, { reverse: true, limit: rowsMax })) as unknown as AnyRow[];
    rows.set(table.name, new Map(listed.map((row) => [row.id, row])));
  }
  for (const { ref } of links) {
    const source = sources.find((one) => one.table.name === ref?.table);
    if (ref === null || source === undefined || rows.get(ref.table)?.has(ref.id)) continue;
    const row = (await reader.get(source.table, ref.id)) as AnyRow | undefined;
    if (row !== undefined) rows.get(ref.table)?.set(ref.id, row);
  }
  return rows;
}

interface Chosen {
  readonly source: InputSource;
  readonly row: AnyRow;
  readonly maxChars: number;
}

function chooseLinked(
  links: readonly MissionInput[],
  sources: ReadonlyMap<string, InputSource>,
  rows: RowsByTable,
  world: World,
): readonly Chosen[] {
  const chosen = new Map<string, Chosen>();
  const add = (table: string, id: string, maxChars: number): void => {
    const source = sources.get(table);
    const row = rows.get(table)?.get(id);
    const key = inputKey(table, id);
    if (source === undefined || row === undefined || row.deleted || chosen.has(key)) return;
    chosen.set(key, { source, row, maxChars });
    for (const member of source.members?.(row, world) ?? []) add(member.table.name, member.id, maxChars);
  };
  for (const { ref, query, maxChars } of links) {
    if (ref !== null) add(ref.table, ref.id, maxChars);
    if (query !== null) for (const row of matching(query, rows)) add(query.table, row.id, maxChars);
  }
  return [...chosen.values()];
}

/** Rows of an input query: equality per field, the latest touched first. */
function matching({ table, filter, limit }: InputQuery, rows: RowsByTable): readonly AnyRow[] {
  const wanted = Object.entries(filter);
  const equal = (row: AnyRow) =>
    wanted.every(([name, value]) => canonicalJson(row[name] ?? null) === canonicalJson(value));
  return [...(rows.get(table)?.values() ?? [])]
    .filter((row) => !row.deleted && equal(row))
    .sort(byTouch)
    .slice(0, limit);
}

const byTouch = (a: AnyRow, b: AnyRow): number => b.touchedMs - a.touchedMs || (a.id < b.id ? -1 : 1);

function chooseAll(sources: readonly InputSource[], world: World): readonly Chosen[] {
  return sources.flatMap((source) => {
    const open = (world.list(source.table) as unknown as AnyRow[]).filter((row) => source.isOpen(row));
    return open
      .sort(byTouch)
      .slice(0, DEFAULT_INPUTS_PER_TABLE)
      .map((row) => ({ source, row, maxChars: INPUT_CHARS }));
  });
}

function inputOf({ source, row, maxChars }: Chosen, tainted: ReadonlySet<string>): PlannerInput {
  return {
    table: source.table,
    id: row.id,
    label: source.label,
    title: source.title(row),
    text: cutText(source.render(row), maxChars),
    untrusted: source.untrusted || tainted.has(inputKey(source.table.name, row.id)),
  };
}

/** What was carried out for the mission, and the latest of the space; also what was undone since. */
async function readExecutions(reader: RowReader, missionId: string): Promise<readonly Execution[]> {
  const own = await reader.list(executions, { by: 'missionId', equals: missionId, limit: EXECUTIONS_READ_MAX });
  const ofSpace = await reader.list(executions, {
    by: 'executedAt',
    from: 0,
    reverse: true,
    limit: EXECUTIONS_READ_MAX,
  });
  const all = new Map<string, Execution>([...own, ...ofSpace].map((execution) => [execution.id, execution]));
  return [...all.values()].filter((execution) => execution.status !== 'failed');
}

function createdRecords(done: readonly Execution[]): readonly CreatedRecord[] {
  return done.flatMap(({ changes, status }) =>
    changes.filter(isCreate).flatMap(({ table, id }) => {
      const title = changes.find((one) => one.table === table && one.id === id && one.field === 'title')?.after;
      return typeof title === 'string' ? [{ table, id, title, undone: status === 'undone' }] : [];
    }),
  );
}

/**
 * Records of trusted sources whose text a tainted step wrote: its author may be whoever wrote what the step followed
 * from, and approving a step does not make its words the person's. Text that is as it was before the step is theirs.
 */
async function taintedRecords(
  reader: RowReader,
  done: readonly Execution[],
  known: readonly Proposal[],
  sources: ReadonlyMap<string, InputSource>,
  world: World,
): Promise<ReadonlySet<string>> {
  const taintOf = new Map(known.map((proposal) => [proposal.stepId, proposal.tainted]));
  const tainted = new Set<string>();
  for (const { stepId, changes } of done) {
    const wrote = changes.filter((change) => wroteText(change, sources.get(change.table), world));
    if (wrote.every(({ table, id }) => tainted.has(inputKey(table, id)))) continue;
    // A step that is not here may have followed from anything.
    const taint = taintOf.get(stepId) ?? (await reader.get(steps, stepId))?.tainted ?? true;
    if (taint) for (const { table, id } of wrote) tainted.add(inputKey(table, id));
  }
  return tainted;
}

/** Whether a change put text into a record that is there and that would be trusted otherwise. */
function wroteText(change: Change, source: InputSource | undefined, world: World): boolean {
  if (source === undefined || source.untrusted) return false;
  const row = world.get(source.table, change.id) as AnyRow | undefined;
  if (row === undefined || row.deleted) return false;
  if (isCreate(change)) return true;
  const field = Object.hasOwn(source.table.fields, change.field) ? source.table.fields[change.field] : undefined;
  const { splice, before } = change;
  return field?.text === true && (splice !== undefined || row[change.field] !== before);
}

/** The mission's last plans, and the proposals that are not made again: recent ones of the space and rejected ones. */
async function readPast(
  reader: RowReader,
  missionId: string,
  tools: ReadonlyMap<string, Tool>,
): Promise<{ readonly past: readonly PastPlan[]; readonly known: readonly Proposal[] }> {
  const ofMission = await reader.list(iterations, {
    by: '[missionId+finishedAt]',
    from: [missionId, 0],
    to: [missionId, Number.MAX_SAFE_INTEGER],
    reverse: true,
    limit: ITERATIONS_READ_MAX,
  });
  const ofSpace = await reader.list(iterations, {
    by: 'finishedAt',
    from: 0,
    reverse: true,
    limit: ITERATIONS_READ_MAX,
  });
  const last = latestPlans(ofMission);
  const recent = [...last, ...latestPlans(ofSpace)];
  // A plan lapses by another of its slot, even by one without steps.
  const slots = new Set(recent.map(slotOf));
  const plans = new Map([...ofMission, ...ofSpace].map((iteration) => [iteration.id, iteration]));
  const staged = await stageLoaded(
    reader,
    tools,
    [...plans.values()].filter((iteration) => slots.has(slotOf(iteration))),
  );
  const latest = await reader.list(decisions, { by: 'decidedAt', from: 0, reverse: true, limit: DECISIONS_READ_MAX });
  const stagedSteps = new Set(staged.map((proposal) => proposal.stepId));
  const rejected = latest.filter((decision) => decision.verb === 'reject' && !stagedSteps.has(decision.stepId));
  const older = await stageSteps(
    reader,
    tools,
    rejected.map((decision) => decision.stepId),
  );
  const past = last.slice(0, PAST_PLANS_MAX).map((iteration) => ({
    iteration,
    proposals: staged.filter((proposal) => proposal.iterationId === iteration.id).sort((a, b) => a.n - b.n),
  }));
  return { past, known: [...staged, ...older.filter((proposal) => proposal.status === 'rejected')] };
}

const slotOf = ({ missionId, slot }: Iteration): string => `${missionId}|${slot}`;

/** Those that suggested something: the others say nothing and must not push them out of sight. */
const latestPlans = (newestFirst: readonly Iteration[]): readonly Iteration[] =>
  newestFirst.filter((iteration) => iteration.outcome === 'planned').slice(0, RECENT_PLANS_MAX);
