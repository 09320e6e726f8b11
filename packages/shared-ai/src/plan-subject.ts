import { hashJson } from '@manara/kernel/hash';
import type { JsonObject } from '@manara/kernel/json';
import type { AnyRow, TableDef } from '@manara/sync-core/define-table';
import * as z from 'zod/mini';
import { oneLine } from './clean-text.ts';
import type { PlannerContext } from './planner-context.ts';
import type { Proposal } from './proposal.ts';
import type { Tool } from './tool.ts';

/** How long "not now" keeps a suggestion away: 7 days, in ms. */
const NOT_NOW_MS = 7 * 86_400_000;

const titleKey = (title: string): string =>
  oneLine(title)
    .toLocaleLowerCase('en')
    .replace(/[.!]+$/u, '');

/**
 * What a step is about, for telling repetitions: a create by its title, a change by its record and the fields it sets.
 * @param args as the tool's schema reads them
 */
export function planSubject(tool: Tool, args: JsonObject): string {
  const { table, id } = tool.target(args);
  if (id === null) {
    const title = args['title'];
    return `${tool.name}|${typeof title === 'string' ? titleKey(title) : hashJson(args)}`;
  }
  const fields = Object.keys(args)
    .filter((name) => name !== 'id')
    .sort();
  return `${tool.name}|${table.name}|${id}|${fields.join(',')}`;
}

function knownSubject(proposal: Proposal, context: PlannerContext): string | null {
  const tool = context.tools.get(proposal.tool);
  const parsed = tool === undefined ? undefined : z.safeParse(tool.input, proposal.args);
  return tool === undefined || !parsed?.success ? null : planSubject(tool, parsed.data);
}

/** Whether the record that a past proposal was about was changed after its decision: then it may be proposed anew. */
function touchedAfter(proposal: Proposal, context: PlannerContext): boolean {
  const table = context.tables.get(proposal.targetTable);
  if (table === undefined || proposal.targetId === null) return false;
  const row = context.world.get(table, proposal.targetId);
  return row !== undefined && row.touchedMs > (proposal.decidedAt ?? 0);
}

function blocks(proposal: Proposal, tool: Tool, args: JsonObject, context: PlannerContext): string | null {
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
    case 'undone':
      return tool.effect === 'create' ? 'it was made before' : null;
    case 'failed':
    case 'lapsed':
    case 'quarantined':
      return null;
  }
}

/** What is not suggested again, computed once a plan. */
export interface KnownSubjects {
  readonly proposals: ReadonlyMap<string, readonly Proposal[]>;
  /** whether a record of the table that is not deleted has this title */
  hasTitle(table: TableDef, title: string): boolean;
}

export function knownSubjects(context: PlannerContext): KnownSubjects {
  const proposals = new Map<string, Proposal[]>();
  for (const proposal of context.known) {
    const subject = knownSubject(proposal, context);
    if (subject !== null) proposals.set(subject, [...(proposals.get(subject) ?? []), proposal]);
  }
  const titles = new Map<string, ReadonlySet<string>>();
  const titlesOf = (table: TableDef): ReadonlySet<string> => {
    const known = titles.get(table.name);
    if (known !== undefined) return known;
    const rows = context.world.list(table) as unknown as readonly AnyRow[];
    const found = new Set(rows.flatMap(({ title }) => (typeof title === 'string' ? [titleKey(title)] : [])));
    titles.set(table.name, found);
    return found;
  };
  return { proposals, hasTitle: (table, title) => titlesOf(table).has(titleKey(title)) };
}

/** Why a step would repeat what exists, is open, was rejected or was done, in words; null when it is new. */
export function repetition(tool: Tool, args: JsonObject, context: PlannerContext, known: KnownSubjects): string | null {
  for (const proposal of known.proposals.get(planSubject(tool, args)) ?? []) {
    const reason = blocks(proposal, tool, args, context);
    if (reason !== null) return reason;
  }
  const { title } = args;
  if (tool.effect !== 'create' || typeof title !== 'string') return null;
  return known.hasTitle(tool.target(args).table, title) ? 'it exists already' : null;
}
