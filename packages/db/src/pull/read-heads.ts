import type { Database, Tx } from '../client.ts';
import { inTransaction } from '../in-transaction.ts';

export type Heads = Readonly<Record<string, number>>;

/** Greatest sequence number of every space of the transaction's account. */
export async function readHeads(tx: Tx): Promise<Heads> {
  const rows = await tx<{ space: string; seq: number }[]>`select space_id as space, seq from sync_heads`;
  return Object.fromEntries(rows.map((row) => [row.space, row.seq]));
}

/** The greatest server time of the account's spaces, ms since 1970. */
export async function readServerTime(tx: Tx): Promise<number> {
  const [row] = await tx<{ ms: number | null }[]>`select max(server_time_ms) as ms from sync_heads`;
  return row?.ms ?? 0;
}

/**
 * Heads of many accounts at once, by account, with their memberships as they are now: what ten thousand idle streams are
 * told every 20 s. Numbers alone, so it may look across accounts.
 */
export async function readHeadsOfAccounts(db: Database, accountIds: readonly string[]): Promise<Map<string, Heads>> {
  return inTransaction(db, { role: 'accounts' }, async (tx) => {
    const rows = await tx<{ account: string; space: string; seq: number }[]>`
      select m.account_id as account, m.space_id as space, h.seq
      from space_members m join sync_heads h on h.space_id = m.space_id
      where m.account_id = any (${[...accountIds]}::text[])`;
    const heads = new Map<string, Record<string, number>>(accountIds.map((account) => [account, {}]));
    for (const { account, space, seq } of rows) {
      const own = heads.get(account);
      if (own !== undefined) own[space] = seq;
    }
    return heads;
  });
}
