import type { Database } from '../client.ts';
import { inTransaction } from '../in-transaction.ts';

/**
 * Makes the account's personal space, with its membership and head row, and returns the space's id. Safe to repeat and
 * to race: there is one personal space per account.
 */
export async function createPersonalSpace(db: Database, accountId: string): Promise<string> {
  if (accountId === '') throw new Error('createPersonalSpace: empty account id');
  return inTransaction(db, { role: 'accounts' }, async (tx) => {
    await tx`insert into spaces (kind, personal_of) values ('personal', ${accountId}) on conflict (personal_of) do nothing`;
    const [space] = await tx<{ id: string }[]>`select id from spaces where personal_of = ${accountId}`;
    if (!space) throw new Error('createPersonalSpace: the space is not there after making it');
    await tx`insert into space_members (space_id, account_id, role) values (${space.id}, ${accountId}, 'owner')
      on conflict do nothing`;
    await tx`insert into sync_heads (space_id) values (${space.id}) on conflict do nothing`;
    return space.id;
  });
}
