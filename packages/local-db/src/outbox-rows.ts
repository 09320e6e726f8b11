import { coalesce, entryKeys, type OutboxEntry, touchKey } from '@manara/sync-core/outbox';
import type { Op } from '@manara/sync-core/wire-op';
import type { OutboxRow, Stores } from './database.ts';

export const outboxRow = (entry: OutboxEntry): OutboxRow => ({ ...entry, keys: entryKeys(entry) });

/** The entry without the index keys: what batches and pure code hold. */
export function entryOf({ n, ops, recovery }: OutboxRow): OutboxEntry {
  return recovery ? { n, ops, recovery } : { n, ops };
}

/**
 * Queues one local transaction, inside the caller's. An unsent write of the same record by the same actor takes it up,
 * when both are alone in their groups.
 * @returns the place that the next entry gets
 */
export async function appendEntry(stores: Stores, n: number, ops: readonly Op[]): Promise<number> {
  const entry: OutboxEntry = { n, ops };
  const [only] = ops;
  if (ops.length === 1 && only !== undefined) {
    const touching = await stores.outbox.where('keys').equals(touchKey(only)).sortBy('n');
    const last = touching.at(-1);
    const merged = last === undefined ? null : coalesce(entryOf(last), entry);
    if (merged !== null) {
      await stores.outbox.put(outboxRow(merged));
      return n;
    }
  }
  await stores.outbox.add(outboxRow(entry));
  return n + 1;
}

/** Unacknowledged ops by `table|id`, those of the frozen batch first: what local cells may still be waiting for. */
export async function waitingOps(stores: Stores, keys: readonly string[]): Promise<Map<string, Op[]>> {
  const wanted = new Set(keys);
  const found = new Map<string, Op[]>();
  const add = (entry: OutboxEntry): void => {
    for (const op of entry.ops) {
      const key = touchKey(op);
      if (!wanted.has(key)) continue;
      const ops = found.get(key) ?? [];
      ops.push(op);
      found.set(key, ops);
    }
  };
  for (const batch of await stores.batch.toArray()) batch.entries.forEach(add);
  const rows = await stores.outbox
    .where('keys')
    .anyOf([...wanted])
    .distinct()
    .sortBy('n');
  rows.forEach(add);
  return found;
}
