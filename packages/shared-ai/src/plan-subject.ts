import { hashJson } from '@manara/kernel/hash';
import type { JsonObject } from '@manara/kernel/json';
import type { AnyRow, TableDef } from '@manara/sync-core/define-table';
import * as z from 'zod/mini';
import type { CreatedRecord, PlannerContext } from './planner-context.ts';
import { type Proposal, subjectsOf, titleKey } from './proposal.ts';
import type { Tool } from './tool.ts';

/** How long "not now" keeps a suggestion away: 7 days, in ms. */
const NOT_NOW_MS = 7 * 86_400_000;
const MADE_BEFORE = 'it was made before';
const UNDONE = 'you undid it';
/** What was approved by a slip and undone comes back to who asks again; a schedule does not bring it up. */
const staysAway = ({ asked }: PlannerContext): boolean => !asked;

/**
 * What a step is about as one text, for telling repetitions.
 * @param args as the tool's schema reads them
 */
export function planSubject(tool: Tool, args: JsonObject): string {
  const { table, id } = tool.target(args);
  return subjectsOf({ tool: tool.name, targetTable: table.name, targetId: id, args }).join(' ');
}

/** What a proposal says, and what it was before the person edited it: a planner that finds the same says the latter. */
function subjectsKnown(proposal: Proposal, context: PlannerContext): ReadonlySet<string> {
  const tool = context.tools.get(proposal.tool);
  if (tool === undefined) return new Set();
  const subjects = [proposal.args, proposal.proposedArgs].flatMap((args) => {
    const parsed = z.safeParse(tool.input, args);
    return parsed.success ? [planSubject(tool, parsed.data)] : [];
  });
  return new Set(subjects);
}

/** Whether the record that a past proposal was about was changed after its decision: then it may be proposed anew. */
function touchedAfter(proposal: Proposal, context: PlannerContext): boolean {
  const table = context.tables.get(proposal.targetTable);
  if (table === undefined || proposal.targetId === null) return false;
  const row = context.world.get(table, proposal.targetId);
  return row !== undefined && row.touchedMs > (proposal.decidedAt ?? 0);
}

/**
 * How far back a create counts as a repetition:
 * - `open`: what is there and open. A model may suggest anew what comes round again
 * - `ever`: also what was done or deleted. A rule finds the same line of a note every time
 */
export type KnownScope = 'open' | 'ever';

function blocks(
  proposal: Proposal,
  tool: Tool,
  args: JsonObject,
  context: PlannerContext,
  scope: KnownScope,
): string | null {
  switch (proposal.status) {
    case 'pending': {
      if (proposal.expiresAt !== null && proposal.expiresAt <= context.nowMs) return null;
      // A change with other values is a newer suggestion and supersedes the open one.
      const same = proposal.targetId === null || hashJson(args) === proposal.argsHash;
      return same ? 'it is suggested already' : null;
    }
    case 'approved':
      return 'it is approved already';
    case 'rejected': {
      const later = proposal.reasonCode === 'not-now' && context.nowMs - (proposal.decidedAt ?? 0) > NOT_NOW_MS;
      return later || touchedAfter(proposal, context) ? null : 'you rejected it';
    }
    case 'done':
      return tool.effect === 'create' && scope === 'ever' ? MADE_BEFORE : null;
    case 'undone':
      return tool.effect === 'create' && staysAway(context) ? UNDONE : null;
    case 'failed':
    case 'lapsed':
    case 'quarantined':
      return null;
  }
}

/** What is not suggested again, computed once a plan. */
export interface KnownSubjects {
  readonly scope: KnownScope;
  readonly proposals: ReadonlyMap<string, readonly Proposal[]>;
  /** what the mission created under a title */
  created(table: TableDef, title: string): readonly CreatedRecord[];
  /** a record that counts as there and has this title */
  titled(table: TableDef, title: string): string | undefined;
}

const isOpen = (context: PlannerContext, table: TableDef, row: AnyRow): boolean =>
  !row.deleted && (context.sources.get(table.name)?.isOpen(row) ?? true);

export function knownSubjects(context: PlannerContext, scope: KnownScope = 'ever'): KnownSubjects {
  const proposals = new Map<string, Proposal[]>();
  for (const proposal of context.known) {
    for (const subject of subjectsKnown(proposal, context))
      proposals.set(subject, [...(proposals.get(subject) ?? []), proposal]);
  }
  const created = Map.groupBy(context.created, ({ table, title }) => `${table}|${titleKey(title)}`);
  const idsByTitle = new Map<string, ReadonlyMap<string, string>>();
  const titlesOf = (table: TableDef): ReadonlyMap<string, string> => {
    const known = idsByTitle.get(table.name);
    if (known !== undefined) return known;
    const rows = (context.world.list(table) as unknown as readonly AnyRow[]).filter(
      (row) => scope === 'ever' || isOpen(context, table, row),
    );
    const found = new Map(rows.flatMap(({ id, title }) => (typeof title === 'string' ? [[titleKey(title), id]] : [])));
    idsByTitle.set(table.name, found);
    return found;
  };
  return {
    scope,
    proposals,
    created: (table, title) => created.get(`${table.name}|${titleKey(title)}`) ?? [],
    titled: (table, title) => titlesOf(table).get(titleKey(title)),
  };
}

/** Why a step says nothing new. */
export interface Repetition {
  /** in words */
  readonly reason: string;
  /** the same suggestion waits for a decision */
  readonly waits: boolean;
  /** the record that a create would have made, where there is one */
  readonly recordId: string | null;
}

/** Whether a step would repeat what exists, is open, was rejected or was done; null when it is new. */
export function repetition(
  tool: Tool,
  args: JsonObject,
  context: PlannerContext,
  known: KnownSubjects,
): Repetition | null {
  const recordId = tool.effect === 'create' ? standingRecord(tool, args, context, known) : null;
  for (const proposal of known.proposals.get(planSubject(tool, args)) ?? []) {
    const edited = proposal.status === 'done' && proposal.edited && tool.effect === 'create';
    const asEdited = edited ? standingRecord(tool, proposal.args, context, known) : null;
    if (asEdited !== null) return { reason: 'it exists already', waits: false, recordId: asEdited };
    const reason = blocks(proposal, tool, args, context, known.scope);
    if (reason !== null) return { reason, waits: proposal.status === 'pending', recordId };
  }
  if (recordId !== null) return { reason: 'it exists already', waits: false, recordId };
  const { title } = args;
  if (tool.effect !== 'create' || typeof title !== 'string') return null;
  const before = known.created(tool.target(args).table, title);
  if (staysAway(context) && before.some(({ undone }) => undone)) return { reason: UNDONE, waits: false, recordId };
  const made = before.filter(({ undone }) => !undone);
  return known.scope === 'ever' && made.length > 0 ? { reason: MADE_BEFORE, waits: false, recordId } : null;
}

/** A record of that title, or one that the mission created under it and that has another title by now. */
function standingRecord(tool: Tool, args: JsonObject, context: PlannerContext, known: KnownSubjects): string | null {
  const { title } = args;
  if (typeof title !== 'string') return null;
  const { table } = tool.target(args);
  const renamed = known.created(table, title).find(({ id }) => {
    const row = context.world.get(table, id) as AnyRow | undefined;
    return row !== undefined && isOpen(context, table, row);
  });
  return known.titled(table, title) ?? renamed?.id ?? null;
}
