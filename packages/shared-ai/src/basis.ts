import { hashJson } from '@manara/kernel/hash';
import type { JsonValue } from '@manara/kernel/json';
import type { AnyRow, TableDef } from '@manara/sync-core/define-table';
import type { Proposal } from './proposal.ts';
import type { Basis } from './tables/plans.ts';
import type { World } from './tool.ts';

/** What a planner read of some fields of a row. */
export const basisOf = (table: string, row: AnyRow, fields: Iterable<string>): readonly Basis[] =>
  [...fields].map((field) => ({ table, id: row.id, field, hash: hashJson(row[field] ?? null) }));

export interface DriftedField extends Basis {
  /** what stands there now; null for a record that is gone */
  readonly now: JsonValue;
}

/** Fields that changed since the planner read them: "changed since". Records must be loaded in the world. */
export function driftOf(
  proposal: Pick<Proposal, 'basis'>,
  world: World,
  tables: ReadonlyMap<string, TableDef>,
): readonly DriftedField[] {
  return proposal.basis.flatMap((read) => {
    const table = tables.get(read.table);
    if (table === undefined) return [];
    const row = world.get(table, read.id) as AnyRow | undefined;
    const now = row?.[read.field] ?? null;
    return hashJson(now) === read.hash ? [] : [{ ...read, now }];
  });
}
