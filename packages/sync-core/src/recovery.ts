import type { Actor } from './actor.ts';
import type { OutboxEntry } from './outbox.ts';
import { touchKey } from './outbox.ts';
import { ACCEPTED, type Cells, DELETED, greatestStamp, type RecordKey } from './record.ts';
import type { Stamp } from './stamp.ts';
import type { Op, WireCell } from './wire-op.ts';

/** A client whose last full pull is older offers what the server lacks for review instead of sending it. */
export const RECOVERY_REVIEW_MS = 180 * 86_400_000;

/** Stamps of cells that wait in the queue, by `table|id` and field: they are sent as ordinary writes, not as recovery. */
export function waitingStamps(entries: Iterable<OutboxEntry>): ReadonlySet<string> {
  const waiting = new Set<string>();
  for (const entry of entries) {
    for (const op of entry.ops) {
      for (const [field, cell] of Object.entries(op.fields ?? {})) waiting.add(`${touchKey(op)}|${field}|${cell[1]}`);
      if (op.deleted) waiting.add(`${touchKey(op)}|${DELETED}|${op.deleted[1]}`);
    }
  }
  return waiting;
}

/** Fields whose local cell is newer than the server's or missing there. `server` is undefined for an unknown record. */
export function surplusFields(local: Cells, server: Cells | undefined): string[] {
  return Object.entries(local)
    .filter(([field, cell]) => {
      const other = server?.[field];
      return other === undefined || cell.stamp > other.stamp;
    })
    .map(([field]) => field);
}

/**
 * The ops that give a restored server the cells it lacks, one per actor that wrote them. A server-owned `accepted`
 * travels with the row it belongs to: an insert-only row is one op.
 */
export function recoveryOps(
  key: RecordKey,
  cells: Cells,
  fields: readonly string[],
  waiting: ReadonlySet<string>,
  unknownActor: Actor,
): Op[] {
  const byActor = new Map<string, { actor: Actor; fields: Record<string, WireCell>; deleted?: WireCell }>();
  const author = actorOfGreatest(cells) ?? unknownActor;
  for (const field of fields) {
    const cell = cells[field];
    if (cell === undefined || waiting.has(`${touchKey(key)}|${field}|${cell.stamp}`)) continue;
    const actor = field === ACCEPTED ? author : (cell.actor ?? unknownActor);
    const actorKey = JSON.stringify(actor);
    const op = byActor.get(actorKey) ?? { actor, fields: {} };
    if (field === DELETED) op.deleted = [cell.value, cell.stamp];
    else op.fields[field] = [cell.value, cell.stamp];
    byActor.set(actorKey, op);
  }
  return [...byActor.values()].map(({ actor, fields: set, deleted }) => ({
    space: key.space,
    table: key.table,
    id: key.id,
    ...(Object.keys(set).length > 0 ? { fields: set } : {}),
    ...(deleted ? { deleted } : {}),
    actor,
  }));
}

function actorOfGreatest(cells: Cells): Actor | undefined {
  const own = Object.fromEntries(Object.entries(cells).filter(([field]) => field !== ACCEPTED));
  const greatest = greatestStamp(own);
  return Object.values(own).find((cell) => cell.stamp === greatest)?.actor;
}

/** A stamp with the node replaced, nothing else: what a restored or cloned profile does under its new client id. */
export const withNode = (stamp: Stamp, from: string, to: string): Stamp =>
  stamp.endsWith(from) ? `${stamp.slice(0, 18)}${to}` : stamp;
