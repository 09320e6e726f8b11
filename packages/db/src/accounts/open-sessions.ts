import type { Database, Tx } from '../client.ts';

/** The devices of the transaction's account that a session was used by. */
export async function clientsOfSession(tx: Tx, sessionId: string): Promise<ReadonlySet<string>> {
  const rows = await tx<{ client: string }[]>`select client from client_sessions where session_id = ${sessionId}`;
  return new Set(rows.map((row) => row.client));
}

/** When each of these sessions ends, ms since 1970; those that were ended are missing. */
export async function readSessionEnds(db: Database, sessionIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.sql<{ id: string; expiresAt: Date }[]>`
    select id, "expiresAt" from auth.session where id = any (${[...sessionIds]}::text[])`;
  return new Map(rows.map((row) => [row.id, row.expiresAt.getTime()]));
}
