import { canonicalJson } from '@manara/kernel/canonical-json';
import { hashJson } from '@manara/kernel/hash';
import type { JsonValue } from '@manara/kernel/json';
import type { AnyRow, TableDef } from '@manara/sync-core/define-table';
import * as z from 'zod/mini';
import { applyContext } from './execute.ts';
import type { Proposal } from './proposal.ts';
import type { Basis } from './tables/plans.ts';
import type { Tool, World } from './tool.ts';

/** Of rows that were looked at: many suggestions may be about one row, and its text may be long. */
const hashes = new WeakMap<AnyRow, Map<string, string>>();

function hashOf(row: AnyRow, field: string): string {
  const ofRow = hashes.get(row) ?? new Map<string, string>();
  hashes.set(row, ofRow);
  const hash = ofRow.get(field) ?? hashJson(row[field] ?? null);
  ofRow.set(field, hash);
  return hash;
}

/** What a planner read of some fields of a row. */
export const basisOf = (table: string, row: AnyRow, fields: Iterable<string>): readonly Basis[] =>
  [...fields].map((field) => ({ table, id: row.id, field, hash: hashOf(row, field) }));

export interface DriftedField extends Basis {
  /** what stands there now */
  readonly now: JsonValue;
}

/**
 * Fields that changed since the planner read them: "changed since". Records must be loaded in the world; one that is not
 * there at all has no fields to tell of.
 */
export function driftOf(
  { basis }: Pick<Proposal, 'basis'>,
  world: World,
  tables: ReadonlyMap<string, TableDef>,
): readonly DriftedField[] {
  return basis.flatMap((read) => {
    const table = tables.get(read.table);
    const row = table && (world.get(table, read.id) as AnyRow | undefined);
    return row === undefined || hashOf(row, read.field) === read.hash
      ? []
      : [{ ...read, now: row[read.field] ?? null }];
  });
}

/** Fields of its target that a step would set over a value which its planner has not seen. */
export function overwrittenFields(
  proposal: Pick<Proposal, 'stepId' | 'args' | 'basis'>,
  tool: Tool,
  world: World,
  tables: ReadonlyMap<string, TableDef>,
): readonly string[] {
  const parsed = z.safeParse(tool.input, proposal.args);
  if (!parsed.success) return [];
  const { table, id } = tool.target(parsed.data);
  const basis = proposal.basis.filter((read) => read.table === table.name && read.id === id);
  const drifted = driftOf({ basis }, world, tables);
  if (drifted.length === 0) return [];
  try {
    const writes = tool.apply(parsed.data, world, applyContext(proposal.stepId));
    const set = writes.find((write) => write.table === table.name && write.id === id)?.set ?? {};
    return drifted.flatMap(({ field, now }) => {
      const next = set[field];
      if (next === undefined || canonicalJson(next) === canonicalJson(now)) return [];
      // What no argument sets outright follows from what stands there: a text that goes on from it takes nothing away.
      const goesOn = typeof now === 'string' && typeof next === 'string' && next.startsWith(now);
      return goesOn && !Object.hasOwn(parsed.data, field) ? [] : [field];
    });
  } catch {
    // It writes nothing: it fails when it runs.
    return [];
  }
}
