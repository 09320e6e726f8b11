import type { Database, Tx } from './client.ts';
import { inTransaction } from './in-transaction.ts';

/** The name of this history of the database: it changes when a backup is restored. */
export async function readEpoch(tx: Tx): Promise<string> {
  const [row] = await tx<{ epoch: string }[]>`select epoch from meta`;
  if (!row) throw new Error('meta has no row: run the migrations');
  return row.epoch;
}

/** Starts a new epoch and returns it. To be called after restoring a backup: clients then push what the backup lacks. */
export async function startNewEpoch(db: Database): Promise<string> {
  return inTransaction(db, { role: 'owner' }, async (tx) => {
    await tx`update meta set epoch = gen_random_uuid()::text`;
    return readEpoch(tx);
  });
}
