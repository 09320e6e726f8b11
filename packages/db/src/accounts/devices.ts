import type { Database, Tx } from '../client.ts';

export type Device = {
  /** 16 hex digits */
  client: string;
  name: string | null;
  firstSeen: Date;
  lastSeen: Date;
  revoked: boolean;
};

/** The devices of the transaction's account, last seen first. */
export async function listDevices(tx: Tx): Promise<Device[]> {
  return tx<Device[]>`
    select client, name, first_seen as "firstSeen", last_seen as "lastSeen", revoked_at is not null as revoked
    from sync_clients
    order by last_seen desc, client`;
}

/**
 * Notes that a device works under a session, so that revoking it can end that session. A revoked device that comes
 * with a new sign-in is taken back. `epoch` is the database's (`readEpoch`): it is what a device met for the first
 * time starts in.
 */
export async function noteDevice(
  tx: Tx,
  device: { accountId: string; client: string; sessionId: string; epoch: string; name?: string },
): Promise<void> {
  const { accountId, client, sessionId, epoch, name = null } = device;
  await tx`
    insert into sync_clients as c (account_id, client, epoch, name) values (${accountId}, ${client}, ${epoch}, ${name})
    on conflict (account_id, client) do update
      set last_seen = now(), name = coalesce(excluded.name, c.name), revoked_at = null
      -- Once a minute is enough; every push and pull would otherwise rewrite the row.
      where c.last_seen < now() - interval '1 minute' or c.revoked_at is not null
        or excluded.name is distinct from coalesce(c.name, excluded.name)`;
  await tx`
    insert into client_sessions (account_id, client, session_id) values (${accountId}, ${client}, ${sessionId})
    on conflict do nothing`;
}

/**
 * Marks a device of the transaction's account as revoked and returns the ids of the sessions it used, or null when the
 * account has no such device. End those with `endSessions` after this transaction.
 */
export async function revokeDevice(tx: Tx, client: string): Promise<string[] | null> {
  const marked = await tx`update sync_clients set revoked_at = now() where client = ${client} returning client`;
  if (marked.length === 0) return null;
  const sessions = await tx<{ id: string }[]>`
    delete from client_sessions where client = ${client} returning session_id as id`;
  return sessions.map((session) => session.id);
}

/** Ends sign-ins of an account: their next request is unauthenticated. */
export async function endSessions(db: Database, accountId: string, sessionIds: string[]): Promise<void> {
  await db.sql`delete from auth.session where "userId" = ${accountId} and id = any (${sessionIds}::text[])`;
}
