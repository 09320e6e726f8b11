import type { Tx } from '../client.ts';

export type SpaceOfAccount = { id: string; kind: 'personal' | 'shared'; role: 'owner' | 'editor' | 'viewer' };

/** The spaces of the transaction's account with its role in each, the personal one first. */
export async function listSpaces(tx: Tx): Promise<SpaceOfAccount[]> {
  return tx<SpaceOfAccount[]>`
    select s.id, s.kind, m.role
    from space_members m join spaces s on s.id = m.space_id
    order by s.kind, s.created_at, s.id`;
}
