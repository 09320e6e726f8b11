import type { Tx } from '../client.ts';

/** What the server remembers of a client in the current epoch. */
export interface ClientRow {
  /** of the last batch that was taken; 0: none in this epoch */
  readonly lastSeq: number;
  readonly lastHash: string | null;
  readonly lastReply: unknown;
  readonly greatestStamp: string;
  /** known before this epoch and no ordinary batch since: recovery batches are taken */
  readonly mayRecover: boolean;
}

interface StoredRow {
  epoch: string;
  last_seq: number;
  last_batch_hash: string | null;
  last_reply: unknown;
  greatest_stamp: string;
  known_before_epoch: boolean;
}

/** Locks the client's row, making it when the client is new, so that two requests of one client take turns. */
export async function lockClient(tx: Tx, accountId: string, client: string, epoch: string): Promise<ClientRow> {
  const row = (await selectForUpdate(tx, accountId, client)) ?? (await makeAndLock(tx, accountId, client, epoch));
  if (row.epoch === epoch) {
    return {
      lastSeq: row.last_seq,
      lastHash: row.last_batch_hash,
      lastReply: row.last_reply,
      greatestStamp: row.greatest_stamp,
      mayRecover: row.known_before_epoch,
    };
  }
  return { lastSeq: 0, lastHash: null, lastReply: null, greatestStamp: row.greatest_stamp, mayRecover: true };
}

async function selectForUpdate(tx: Tx, accountId: string, client: string): Promise<StoredRow | undefined> {
  const [row] = await tx<StoredRow[]>`
    select epoch, last_seq, last_batch_hash, last_reply, greatest_stamp, known_before_epoch
    from sync_clients where account_id = ${accountId} and client = ${client}
    for update`;
  return row;
}

async function makeAndLock(tx: Tx, accountId: string, client: string, epoch: string): Promise<StoredRow> {
  await tx`
    insert into sync_clients (account_id, client, epoch) values (${accountId}, ${client}, ${epoch})
    on conflict (account_id, client) do nothing`;
  const row = await selectForUpdate(tx, accountId, client);
  if (row === undefined) throw new Error('a client row that was just made is not there');
  return row;
}

/** Remembers a batch with its reply, in the transaction that applies it. */
export async function rememberBatch(
  tx: Tx,
  key: { readonly accountId: string; readonly client: string; readonly epoch: string },
  batch: { readonly seq: number; readonly hash: string; readonly greatestStamp: string; readonly mayRecover: boolean },
  reply: object,
): Promise<void> {
  await tx`
    update sync_clients set epoch = ${key.epoch}, last_seq = ${batch.seq}, last_batch_hash = ${batch.hash},
      last_reply = ${JSON.stringify(reply)}::text::jsonb, greatest_stamp = ${batch.greatestStamp},
      known_before_epoch = ${batch.mayRecover}, last_seen = now()
    where account_id = ${key.accountId} and client = ${key.client}`;
}
