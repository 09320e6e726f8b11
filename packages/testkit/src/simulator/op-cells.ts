import { DELETED } from '@manara/sync-core/record';
import type { Stamp } from '@manara/sync-core/stamp';
import type { Op } from '@manara/sync-core/wire-op';

/** An op's cells by name. */
export function cellsOf(op: Op): [name: string, value: unknown, stamp: Stamp, replaced: Stamp | undefined][] {
  const named = Object.entries(op.fields ?? {});
  if (op.deleted) named.push([DELETED, op.deleted]);
  return named.map(([name, [value, stamp, replaced]]) => [name, value, stamp, replaced]);
}
